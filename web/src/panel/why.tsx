// SPDX-License-Identifier: Apache-2.0
//
// Why a service fails: the daemon's ranked causes, each with its path, its evidence and what speaks against it. Every
// sentence and number is the daemon's. At t nothing later is read; "the whole incident" reads on, and says so.
import { useSignal } from '@preact/signals';
import type { Cause, Evidence, RootCauseAnswer } from '../api/types';
import { Glyph, HEALTH_WORD, healthOf } from '../components/glyph';
import { IconButton } from '../components/icon';
import { Spark } from '../components/spark';
import { TimeLink } from '../components/time-link';
import { TimeqlButton } from '../components/timeql';
import { PanelTrouble, notesOf, sentenceOf } from '../components/trouble';
import { count, duration, percent, value } from '../format/numbers';
import { oneLine } from '../format/text';
import { HOUR, MINUTE, clock, parseTime } from '../format/time';
import { system } from '../state/data';
import { zone } from '../state/prefs';
import { at, focus, goToEvent, live, now, select } from '../state/store';
import { rootCauseAt, rootCauseIn } from '../timeql/text';
import { useAsking } from './use-asking';

const PACE = 5000;
/** Behind t, where the whole incident is read. */
const BEHIND = 10 * MINUTE;
const MOST_PATH = 8;

function Confidence({ value: share }: { value: number }) {
  const text = share.toFixed(2);
  return (
    <span class="confidence" title={`confidence ${text}`}>
      <span class="share"><i style={{ width: `${Math.round(share * 100)}%` }} /></span>
      <b>{text}</b>
    </span>
  );
}

function nameOf(cause: Cause): string {
  const change = cause.change;
  if (change) return [change.name ?? cause.service, change.version].filter(Boolean).join(' ');
  return [cause.service, cause.instance !== cause.service ? cause.instance : null].filter(Boolean).join(' · ');
}

/** From the cause to what the person asked about: the way that the failure took. */
function Path({ cause }: { cause: Cause }) {
  const path = [...(cause.path ?? [])].reverse();
  if (path.length < 2) return null;
  return (
    <p class="why-path" aria-label="How it spread">
      {path.slice(0, MOST_PATH).map((service, i) => (
        <span key={i}>
          {i > 0 ? <span class="arrow" aria-label="then">›</span> : null}
          <button type="button" class="link" onClick={() => select({ kind: 'service', name: service })}>{oneLine(service)}</button>
        </span>
      ))}
      {path.length > MOST_PATH ? ` and ${path.length - MOST_PATH} more` : ''}
    </p>
  );
}

function sparkOf(evidence: Evidence): { x: number; y: number | null }[] {
  const points = (evidence.series ?? []).flatMap((p) => {
    const time = parseTime(p.time);
    return time === null ? [] : [{ time, y: p.value }];
  });
  const first = points[0]?.time ?? 0;
  const span = Math.max(1, (points[points.length - 1]?.time ?? 0) - first);
  return points.map((p) => ({ x: (p.time - first) / span, y: p.y }));
}

/** Latencies are in seconds, failures and messages shares of the runs; all else is as it was measured. */
function printOf(signal: string): (v: number | null | undefined) => string {
  if (signal === 'failing' || signal === 'message') return percent;
  if (signal === 'latency') return (v) => duration(v === null || v === undefined ? v : v * 1e9);
  return value;
}

function EvidenceRow({ evidence }: { evidence: Evidence }) {
  const points = sparkOf(evidence);
  const print = printOf(evidence.signal);
  return (
    <tr>
      <th scope="row" title={evidence.text ?? evidence.signal}>{oneLine(evidence.signal)}</th>
      <td class="s"><Spark points={points} label={`${evidence.signal}, over the window`} /></td>
      <td class="n">{print(evidence.value)}</td>
      <td class="n usual">{print(evidence.usual)}</td>
    </tr>
  );
}

function EvidenceTable({ cause }: { cause: Cause }) {
  const rows = cause.evidence ?? [];
  if (rows.length === 0) return null;
  return (
    <>
      <table class="figures evidence">
        <thead><tr><th>Evidence</th><th class="s" /><th class="n">now</th><th class="n">usual</th></tr></thead>
        <tbody>{rows.map((e, i) => <EvidenceRow key={i} evidence={e} />)}</tbody>
      </table>
      <ul class="said">{rows.filter((e) => e.text).map((e, i) => <li key={i}>{sentenceOf(oneLine(e.text ?? ''))}</li>)}</ul>
    </>
  );
}

function Against({ cause }: { cause: Cause }) {
  const against = cause.against ?? [];
  if (against.length === 0) return null;
  return (
    <>
      <h4>What speaks against it</h4>
      <ul class="against">{against.map((text, i) => <li key={i}>{sentenceOf(oneLine(text))}</li>)}</ul>
    </>
  );
}

function CauseCard({ cause, open }: { cause: Cause; open: boolean }) {
  const shown = useSignal(open);
  const onset = parseTime(cause.onset);
  const event = cause.change?.eventId;
  return (
    <section class={`cause${shown.value ? ' open' : ''}`}>
      <button type="button" class="cause-head" aria-expanded={shown.value} onClick={() => (shown.value = !shown.value)}>
        <span class="rank">{cause.rank}</span>
        <b>{oneLine(nameOf(cause))}</b>
        <Confidence value={cause.confidence} />
      </button>
      {cause.summary ? <p class={shown.value ? 'summary' : 'summary short'}>{sentenceOf(oneLine(cause.summary))}</p> : null}
      {shown.value ? (
        <>
          <Path cause={cause} />
          <EvidenceTable cause={cause} />
          <Against cause={cause} />
          <p class="acts">
            {onset === null ? null : (
              <button type="button" class="btn small primary" onClick={() => goToEvent(onset)}>Go to {clock(onset, zone.value)}</button>
            )}
            {event ? <button type="button" class="btn small" onClick={() => select({ kind: 'event', ref: event })}>The change</button> : null}
            {cause.service ? <button type="button" class="btn small" onClick={() => select({ kind: 'service', name: cause.service ?? '' })}>{oneLine(cause.service)}</button> : null}
          </p>
        </>
      ) : null}
    </section>
  );
}

function Impact({ answer }: { answer: RootCauseAnswer }) {
  const rows = (answer.impact ?? []).filter((i) => i.failed > 0 || i.slow > 0);
  if (rows.length === 0) return null;
  return (
    <section>
      <h3>Who was hit</h3>
      <table class="figures">
        <thead><tr><th /><th class="n">requests</th><th class="n">failed</th><th class="n">slow</th></tr></thead>
        <tbody>
          {rows.map((i) => (
            <tr key={i.service}>
              <th scope="row"><button type="button" class="link" onClick={() => select({ kind: 'service', name: i.service })}>{oneLine(i.service)}</button></th>
              <td class="n">{count(i.requests)}</td>
              <td class={`n${i.failed > 0 ? ' bad' : ''}`}>{count(i.failed)}</td>
              <td class="n">{count(i.slow)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Causes({ answer }: { answer: RootCauseAnswer }) {
  if (answer.causes.length === 0) {
    return (
      <section>
        <p class="message">Nothing stands out.</p>
        <p class="none">{notesOf(answer) ? sentenceOf(notesOf(answer)) : 'No service differs from what it was before.'}</p>
      </section>
    );
  }
  return (
    <>
      {answer.causes.map((cause, i) => <CauseCard key={`${cause.rank} ${nameOf(cause)}`} cause={cause} open={i === 0} />)}
      <section><p class="none">Nothing else stands out.</p></section>
    </>
  );
}

export function WhyPanel({ name }: { name: string }) {
  const whole = useSignal(false);
  const statement = (): string => {
    const t = focus.peek().at;
    if (!whole.value) return rootCauseAt(name, t ?? 'now');
    const to = Math.min(now(), (t ?? now()) + BEHIND);
    return rootCauseIn(name, to - HOUR, to);
  };
  const asking = useAsking<RootCauseAnswer>(statement, name, PACE);
  const answered = asking.answer.value;
  const state = system.answer.value?.data.services.find((s) => s.service === name);
  const health = healthOf(state?.health);
  return (
    <aside class="panel why" aria-label={`Why ${name}`}>
      <div class="head">
        <h2>Why is {oneLine(name)} {health === 'failing' || health === 'anomalous' ? HEALTH_WORD[health] : 'as it is'}?</h2>
        <span class="end">
          <TimeqlButton statement={answered?.statement ?? null} />
          <IconButton icon="close" class="bare" label="Close (Esc)" onClick={() => select({ kind: 'service', name })} />
        </span>
      </div>
      <div class="scroll body">
        <section>
          <p class="status">
            <span class={`chip ${health}`}><Glyph health={health} label={false} />{HEALTH_WORD[health]}</span>
            {answered?.data.symptom.onset ? <span>out of its range since <TimeLink time={answered.data.symptom.onset} /></span> : null}
          </p>
          <p class="reads">
            {whole.value ? 'Reads the whole incident. ' : `Reads nothing later than ${live.value ? 'now' : clock(at.value, zone.value)}. `}
            <button type="button" class="link" onClick={() => {
              whole.value = !whole.value;
              asking.ask(statement());
            }}>{whole.value ? 'Read only up to t' : 'Read the whole incident'}</button>
          </p>
        </section>
        <PanelTrouble asking={asking} statement={statement()} />
        {answered ? <Causes answer={answered.data} /> : asking.failure.value ? null : (
          <section class="skeletons" aria-hidden="true">{[70, 90, 55].map((w) => <span key={w} class="skeleton" style={{ width: `${w}%` }} />)}</section>
        )}
        {answered ? <Impact answer={answered.data} /> : null}
      </div>
    </aside>
  );
}
