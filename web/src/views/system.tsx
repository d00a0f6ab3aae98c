// SPDX-License-Identifier: Apache-2.0
//
// System at t: the map, what its marks mean, and every service's figures.
import { useSignalEffect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ServiceState, StateAnswer } from '../api/types';
import { Flag, Glyph, HEALTH_WORD, healthOf } from '../components/glyph';
import { Spark } from '../components/spark';
import { TimeLink } from '../components/time-link';
import { TimeqlButton } from '../components/timeql';
import { PanelTrouble, notesOf } from '../components/trouble';
import { duration, percent, plural, rateNumber } from '../format/numbers';
import { oneLine } from '../format/text';
import { MINUTE, SECOND, clock, date, parseTime } from '../format/time';
import { stateAt } from '../timeql/text';
import { status } from '../api/status';
import { over, system } from '../state/data';
import { zone } from '../state/prefs';
import { byConcern, changedLately, tally } from '../state/services';
import { followSparks, sparks, type Sparks } from '../state/sparks';
import { entity, goToEvent, live, range, select, stand } from '../state/store';
import { ServiceMap, apartFromMap, remember } from './map';

function overText(ms: number): string {
  return ms < MINUTE ? `${ms / SECOND} s` : `${ms / MINUTE} min`;
}

function Head({ answer, statement }: { answer: StateAnswer; statement: string }) {
  const ms = parseTime(answer.time);
  const notes = notesOf(answer);
  const said = tally(answer.services);
  return (
    <div class="head">
      <h1>
        System at <button type="button" class="link" onClick={() => ms !== null && goToEvent(ms)}>{ms === null ? '–' : clock(ms, zone.value)}</button>
      </h1>
      <span class="note">
        {plural(answer.services.length, 'service')}{said ? `: ${said}` : ''}; rates of the last {overText(over.value)}
        {notes ? `; ${notes}` : ''}
      </span>
      <span class="end"><TimeqlButton statement={statement} /></span>
    </div>
  );
}

function Legend() {
  const apart = apartFromMap.value.length;
  return (
    <div class="legend" aria-hidden="true">
      {(['healthy', 'anomalous', 'failing', 'silent', 'unknown'] as const).map((h) => (
        <span key={h} class="with-glyph"><Glyph health={h} label={false} />{HEALTH_WORD[h]}</span>
      ))}
      <span class="with-glyph"><Flag title="changed" />changed in 15 min</span>
      {apart > 0 ? <span>+ {apart} in the table only</span> : null}
      <span class="with-glyph push">
        <svg width="28" height="12"><g class="edge failing"><path d="M0 6h28" stroke-width="2.5" /><path class="chevrons" d="M13 1l-5 5 5 5M19 1l-5 5 5 5" /></g></svg>
        failure, against the call
      </span>
      <span class="with-glyph">
        <svg width="28" height="12"><g class="edge"><path d="M0 6h26" stroke-width="1.5" /><path class="arrow" d="M20 2l6 4-6 4" /></g></svg>
        call, requests/s
      </span>
    </div>
  );
}

function Row({ state, at, spark }: { state: ServiceState; at: number; spark: Sparks | undefined }) {
  const health = healthOf(state.health);
  const chosen = entity.value?.kind === 'service' && entity.value.name === state.service;
  const p95 = state.latency?.p95;
  const choose = () => select({ kind: 'service', name: state.service });
  const failing = health === 'failing';
  return (
    <tr
      class={`${health}${chosen ? ' chosen' : ''}`} aria-selected={chosen} tabIndex={0} onClick={choose}
      onKeyDown={(e) => {
        if (e.key === 'Enter') choose();
      }}
    >
      <td class="glyph-cell"><Glyph health={health} /></td>
      <th scope="row">{oneLine(state.service)}</th>
      <td class="version">
        <span class="with-glyph">{state.version ? oneLine(state.version) : '–'}{changedLately(state, at) ? <Flag title={`changed at ${state.changedAt}`} /> : null}</span>
      </td>
      <td class="n">{rateNumber(state.requestRate)}</td>
      <td class="s">{spark ? <Spark points={spark.requests} label="requests, last 10 minutes" /> : null}</td>
      <td class={`n${failing && state.errorRate ? ' bad' : ''}`}>{percent(state.errorRate)}</td>
      <td class="s">{spark ? <Spark points={spark.errors} most={0.05} tone={failing ? 'fail' : 'ink'} label="share of errors, last 10 minutes" /> : null}</td>
      <td class={`n${health === 'anomalous' ? ' odd' : ''}`}>{duration(p95)}</td>
      <td class="s">{spark ? <Spark points={spark.p95} label="p95, last 10 minutes" /> : null}</td>
      <td class="what">
        {state.what ? oneLine(state.what) : state.since && health !== 'healthy' ? <>{HEALTH_WORD[health]} since <TimeLink time={state.since} /></> : ''}
      </td>
    </tr>
  );
}

function Table({ answer }: { answer: StateAnswer }) {
  const at = parseTime(answer.time) ?? 0;
  const known = sparks.value;
  return (
    <div class="scroll">
      <table class="services">
        <thead>
          <tr>
            <th class="glyph-cell"><span class="vh">Health</span></th>
            <th>Service</th>
            <th>Version</th>
            <th class="n">Req/s</th>
            <th class="s">{known.size > 0 ? 'last 10 min' : ''}</th>
            <th class="n">Errors</th>
            <th class="s" />
            <th class="n">p95</th>
            <th class="s" />
            <th class="what">{answer.services.some((s) => s.what || s.since) ? `What is different at ${clock(at, zone.value)}` : ''}</th>
          </tr>
        </thead>
        <tbody>
          {[...answer.services].sort(byConcern).map((s) => <Row key={s.service} state={s} at={at} spark={known.get(s.service)} />)}
        </tbody>
      </table>
    </div>
  );
}

/** Who looks at now while the store ends earlier (an import, a stopped sender) is told where to look. */
function EndedEarlier({ empty }: { empty: boolean }) {
  const text = status.value?.newestEvent;
  const newest = parseTime(text);
  if (newest === null) return empty ? <p class="quiet">No service had sent anything by then.</p> : null;
  const over = live.value && newest < range.value.from;
  if (!empty && !over) return null;
  return (
    <p class="notice">
      <span>
        {empty && !live.value ? 'No service had sent anything by then.' : 'Nothing came in the range shown.'}{' '}
        The newest event is of <b>{date(newest, zone.value)} {clock(newest, zone.value)}</b>.
      </span>
      <button type="button" class="btn small primary" onClick={() => goToEvent(newest)}>Go to {clock(newest, zone.value)}</button>
    </p>
  );
}

function Skeleton() {
  return (
    <div class="skeletons" aria-hidden="true">
      {[60, 75, 52, 68, 44, 71].map((w, i) => <span key={i} class="skeleton" style={{ width: `${w}%` }} />)}
    </div>
  );
}

export function SystemView() {
  useEffect(followSparks, []);
  useSignalEffect(() => {
    if (system.answer.value) remember(system.answer.value.data);
  });
  const wanted = stateAt(stand.value ?? 'now', over.value);
  const answered = system.answer.value;
  if (!answered) {
    return (
      <section class="main" aria-label="System">
        {system.failure.value ? <PanelTrouble asking={system} statement={wanted} /> : <Skeleton />}
      </section>
    );
  }
  const empty = answered.data.services.length === 0;
  return (
    <section class="main system" aria-label="System">
      <Head answer={answered.data} statement={answered.statement} />
      <PanelTrouble asking={system} statement={wanted} />
      <EndedEarlier empty={empty} />
      {empty ? null : (
        <>
          <ServiceMap answer={answered.data} />
          <Legend />
          <Table answer={answered.data} />
        </>
      )}
    </section>
  );
}
