// SPDX-License-Identifier: Apache-2.0
//
// One service at t: its figures beside what is usual, who it calls, what it last did.
import { computed } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { ServiceEdge, ServiceState, TimelineAnswer } from '../api/types';
import { Flag, Glyph, HEALTH_WORD, healthOf } from '../components/glyph';
import { IconButton } from '../components/icon';
import { TimeLink } from '../components/time-link';
import { TimeqlButton } from '../components/timeql';
import { PanelTrouble } from '../components/trouble';
import { failed, lineOf, refOf } from '../format/event';
import { count, duration, percent, rate } from '../format/numbers';
import { oneLine } from '../format/text';
import { MINUTE, SECOND, clockMs, parseTime } from '../format/time';
import { system } from '../state/data';
import { zone } from '../state/prefs';
import { changedLately, lastEventOf, usualText } from '../state/services';
import { at, change, focus, now, select } from '../state/store';
import { all, events, histogram, literal } from '../timeql/text';
import { Field, plainValue } from './fields';
import { useAsking } from './use-asking';
import { Bars } from './bars';

const SPAN = 10 * MINUTE;
const STEP = 10 * SECOND;
const LAST = 12;

function Figures({ s }: { s: ServiceState }) {
  const rows: [string, string, string | null][] = [
    ['Requests', rate(s.requestRate), usualText(s.usual?.requestRate, rate)],
    ['Errors', percent(s.errorRate), usualText(s.usual?.errorRate, percent)],
    ['p50', duration(s.latency?.p50), null],
    ['p95', duration(s.latency?.p95), usualText(s.usual?.latency, duration)],
    ['p99', duration(s.latency?.p99), null],
    ['Active requests', count(s.activeRequests), null],
  ];
  const learned = rows.some(([, , usual]) => usual !== null);
  return (
    <table class="figures">
      <thead><tr><th /><th class="n">{focus.value.at === null ? 'now' : 'at t'}</th>{learned ? <th class="n">usual</th> : null}</tr></thead>
      <tbody>
        {rows.map(([name, nowText, usual]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class={`n${name === 'Errors' && s.health === 'failing' ? ' bad' : ''}`}>{nowText}</td>
            {learned ? <td class="n usual">{usual ?? '–'}</td> : null}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Calls({ title, edges, side }: { title: string; edges: ServiceEdge[]; side: 'from' | 'to' }) {
  if (edges.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <table class="figures">
        <tbody>
          {edges.map((e) => (
            <tr key={e[side]}>
              <th scope="row"><button type="button" class="link" onClick={() => select({ kind: 'service', name: e[side] })}>{oneLine(e[side])}</button></th>
              <td class="n">{rate(e.requestRate)}</td>
              <td class={`n${e.errorRate ? ' bad' : ''}`}>{percent(e.errorRate)}</td>
              <td class="n">{duration(e.p95)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Metrics({ metrics }: { metrics: Record<string, unknown> | undefined }) {
  const shown = Object.entries(metrics ?? {}).slice(0, 40);
  if (shown.length === 0) return null;
  return (
    <section>
      <h3>Metrics, last values</h3>
      <dl class="fields">{shown.map(([k, v]) => <Field key={k} name={k}>{plainValue(v)}</Field>)}</dl>
    </section>
  );
}

function LastEvents({ answer }: { answer: TimelineAnswer }) {
  const rows = answer.events ?? [];
  if (rows.length === 0) return <p class="none">No event in the ten minutes before.</p>;
  return (
    <div class="last-events">
      {rows.map((e) => {
        const ms = parseTime(e.timestamp);
        return (
          <button key={e.arrival} type="button" class={`event${failed(e) ? ' bad' : ''}`} onClick={() => select({ kind: 'event', ref: refOf(e) })}>
            <span class="time">{ms === null ? '–' : clockMs(ms, zone.value).slice(3)}</span>
            <span class="mark">{failed(e) ? <Glyph health="failing" /> : null}</span>
            <bdi class="line">{lineOf(e)}</bdi>
          </button>
        );
      })}
    </div>
  );
}

function instanceName(i: NonNullable<ServiceState['instances']>[number]): string {
  return typeof i === 'string' ? i : (i.instance ?? i.name ?? '–');
}

function About({ s }: { s: ServiceState }) {
  const instances = (s.instances ?? []).map(instanceName);
  return (
    <dl class="fields">
      <Field name="Version">
        {s.version ? <span class="with-glyph">{oneLine(s.version)}{changedLately(s, at.value) ? <Flag title="changed in the last 15 min" /> : null}</span> : null}
      </Field>
      <Field name="Changed">{s.changedAt ? <TimeLink time={s.changedAt} /> : null}</Field>
      <Field name="Last event">{lastEventOf(s) ? <TimeLink time={lastEventOf(s)} precise /> : null}</Field>
      <Field name={instances.length === 1 ? 'Instance' : 'Instances'}>
        {instances.length === 0 ? null : instances.length > 6 ? `${instances.slice(0, 6).join(', ')} and ${instances.length - 6} more` : instances.join(', ')}
      </Field>
    </dl>
  );
}

export function ServicePanel({ name }: { name: string }) {
  const condition = `service = ${literal(name)}`;
  const moment = (): number => focus.peek().at ?? now();
  const edge = (): number => Math.floor(moment() / STEP) * STEP + STEP;
  const chart = useAsking<TimelineAnswer>(() => histogram(edge() - SPAN, moment(), STEP, condition), `chart ${name}`, 2000);
  const last = useAsking<TimelineAnswer>(
    () => events({ from: moment() - SPAN, to: moment(), where: condition, newestFirst: true, limit: LAST }),
    `last ${name}`, 2000,
  );
  const state = useMemo(() => computed(() => system.answer.value?.data.services.find((s) => s.service === name)), [name]);
  const s = state.value;
  const edges = system.answer.value?.data.edges ?? [];
  const health = healthOf(s?.health);
  const charted = parseTime(chart.answer.value?.data.window?.to);
  const right = charted === null ? 0 : Math.floor(charted / STEP) * STEP + STEP;
  return (
    <aside class="panel" aria-label={`Service ${name}`}>
      <div class="head">
        <h2>{oneLine(name)}</h2>
        <span class="end">
          <TimeqlButton statement={last.answer.value?.statement ?? null} />
          <IconButton icon="close" class="bare" label="Close (Esc)" onClick={() => select(null)} />
        </span>
      </div>
      <div class="scroll body">
        <section>
          <p class="status">
            <span class={`chip ${health}`}><Glyph health={health} label={false} />{s ? HEALTH_WORD[health] : 'no state at t'}</span>
            {s?.since ? <span>since <TimeLink time={s.since} /></span> : null}
            {health === 'failing' || health === 'anomalous' ? (
              <button type="button" class="btn small primary push" title="Ranked causes with their evidence (r)" onClick={() => select({ kind: 'why', name })}>Why?</button>
            ) : null}
          </p>
          {s?.what ? <p>{oneLine(s.what)}</p> : null}
          {s ? <About s={s} /> : null}
        </section>
        {s ? <section><Figures s={s} /></section> : null}
        <section>
          <h3>Events, last 10 minutes</h3>
          <PanelTrouble asking={chart} statement={histogram(edge() - SPAN, moment(), STEP, condition)} />
          {chart.answer.value && right ? <Bars answer={chart.answer.value.data} from={right - SPAN} to={right} step={STEP} label={name} /> : null}
        </section>
        <Calls title="Called by" edges={edges.filter((e) => e.to === name && e.from !== name)} side="from" />
        <Calls title="Calls" edges={edges.filter((e) => e.from === name && e.to !== name)} side="to" />
        <section>
          <h3>Last events
            <button type="button" class="link push" onClick={() => change({ view: 'stream', where: all(condition) })}>All in Stream</button>
          </h3>
          {last.answer.value ? <LastEvents answer={last.answer.value.data} /> : null}
        </section>
        <Metrics metrics={s?.metrics} />
      </div>
    </aside>
  );
}
