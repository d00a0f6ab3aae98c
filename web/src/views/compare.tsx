// SPDX-License-Identifier: Apache-2.0
//
// A and B: what is different. B is t; A is the moment that `c` or Shift and a click in the slider set.
import type { CompareAnswer, ErrorKind, TableAnswer } from '../api/types';
import { Glyph, HEALTH_WORD, healthOf } from '../components/glyph';
import { TimeLink } from '../components/time-link';
import { TimeqlButton } from '../components/timeql';
import { PanelTrouble, notesOf } from '../components/trouble';
import { MISSING, count, duration, percent, plural, rate, value } from '../format/numbers';
import { oneLine } from '../format/text';
import { DAY, HOUR, MINUTE, clock, date, sameDay } from '../format/time';
import { over } from '../state/data';
import { zone } from '../state/prefs';
import { at, change, focus, goTo, live, now, select, stand } from '../state/store';
import { bySize, changeText, compareOf, failingApart } from '../timeql/compare';
import { useAsking } from '../panel/use-asking';

const PACE = 5000;
const MOST_ROWS = 200;
const AGO: [string, number][] = [['10 minutes before', 10 * MINUTE], ['1 hour before', HOUR], ['1 day before', DAY], ['7 days before', 7 * DAY]];

function moment(ms: number, near: number): string {
  return sameDay(ms, near, zone.value) ? clock(ms, zone.value) : `${date(ms, zone.value)} ${clock(ms, zone.value)}`;
}

function printOf(metric: string): (v: number | null | undefined) => string {
  if (metric === 'errorRate') return percent;
  if (metric === 'requestRate') return rate;
  if (metric.startsWith('latency')) return duration;
  return value;
}

function Letter({ name }: { name: 'A' | 'B' }) {
  return <span class={`letter ${name.toLowerCase()}`} aria-hidden="true">{name}</span>;
}

function Pick() {
  const t = at.value;
  return (
    <div class="pick">
      <p class="message">Pick a second moment.</p>
      <p class="quiet">It becomes A, and is compared with B, where you stand. Shift and a click in the slider, or <kbd>c</kbd>, take a moment as A.</p>
      <p class="acts">
        {AGO.map(([label, ms]) => (
          <button key={label} type="button" class="btn" onClick={() => change({ a: Math.round(t - ms) })}>{label}</button>
        ))}
      </p>
    </div>
  );
}

function Services({ answer }: { answer: CompareAnswer }) {
  const { added, removed, modified } = answer.changes.services;
  if (added.length + removed.length + modified.length === 0) return null;
  const named = (name: string, what: string) => (
    <tr key={`${what} ${name}`}>
      <th scope="row"><button type="button" class="link" onClick={() => select({ kind: 'service', name })}>{oneLine(name)}</button></th>
      <td colSpan={3} class="odd">{what}</td>
    </tr>
  );
  return (
    <section>
      <h3>Services</h3>
      <table class="differences">
        <tbody>
          {added.map((name) => named(name, 'only at B'))}
          {removed.map((name) => named(name, 'only at A'))}
          {modified.flatMap((m) => m.fields.map((f) => (
            <tr key={`${m.service} ${f.field}`}>
              <th scope="row"><button type="button" class="link" onClick={() => select({ kind: 'service', name: m.service })}>{oneLine(m.service)}</button> {f.field}</th>
              <td class="n">{cellOf(f.field, f.before)}</td>
              <td class="n now">{cellOf(f.field, f.after)}</td>
              <td class="n odd">changed</td>
            </tr>
          )))}
        </tbody>
      </table>
    </section>
  );
}

function cellOf(field: string, text: string | null) {
  if (text === null) return MISSING;
  if (field !== 'health') return oneLine(text);
  const health = healthOf(text);
  return <span class="with-glyph"><Glyph health={health} label={false} />{HEALTH_WORD[health]}</span>;
}

function Metrics({ answer }: { answer: CompareAnswer }) {
  const rows = [...answer.changes.metrics].filter((m) => m.before !== m.after).sort(bySize);
  if (rows.length === 0) return null;
  return (
    <section>
      <h3>Figures, most different first</h3>
      <table class="differences">
        <thead><tr><th /><th class="n"><Letter name="A" /></th><th class="n"><Letter name="B" /></th><th class="n">change</th></tr></thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map((m) => {
            const print = printOf(m.metric);
            return (
              <tr key={`${m.service} ${m.metric}`}>
                <th scope="row"><button type="button" class="link" onClick={() => select({ kind: 'service', name: m.service })}>{oneLine(m.service)}</button> {oneLine(m.metric)}</th>
                <td class="n">{print(m.before)}</td>
                <td class="n now">{print(m.after)}</td>
                <td class="n">{changeText(m)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {rows.length > MOST_ROWS ? <p class="quiet">{plural(rows.length - MOST_ROWS, 'row')} more; Query shows them all.</p> : null}
    </section>
  );
}

function Errors({ title, kinds }: { title: string; kinds: ErrorKind[] }) {
  if (kinds.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <table class="differences errors">
        <tbody>
          {kinds.map((k, i) => (
            <tr key={i}>
              <th scope="row"><button type="button" class="link" onClick={() => select(k.event ? { kind: 'event', ref: k.event } : { kind: 'service', name: k.service })}>{oneLine(k.service)}</button></th>
              <td><bdi>{oneLine(k.message ?? k.eventType)}</bdi></td>
              <td class="n">{count(k.count)}</td>
              <td class="n not-phone"><TimeLink time={k.first} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Apart({ answer }: { answer: TableAnswer }) {
  const index = (name: string): number => answer.columns.findIndex((c) => c.name === name);
  const [field, val, selected, others, measure] = ['field', 'value', 'selected', 'others', 'measure'].map(index);
  if (answer.rows.length === 0) return null;
  const print = (row: unknown[], i: number | undefined) => {
    const v = row[i ?? -1];
    if (typeof v !== 'number') return MISSING;
    return row[measure ?? -1] === 'share' ? percent(v) : value(v);
  };
  return (
    <section>
      <h3>What sets failing events apart, 5 minutes before B</h3>
      <table class="differences">
        <thead><tr><th /><th class="n">others</th><th class="n">failing</th></tr></thead>
        <tbody>
          {answer.rows.map((row, i) => (
            <tr key={i}>
              <th scope="row">{oneLine(String(row[field ?? -1] ?? ''))} <bdi class="value">{row[val ?? -1] === null ? '' : oneLine(String(row[val ?? -1] ?? ''))}</bdi></th>
              <td class="n">{print(row, others)}</td>
              <td class="n now">{print(row, selected)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function nothing(answer: CompareAnswer): boolean {
  const c = answer.changes;
  return (
    c.services.added.length + c.services.removed.length + c.services.modified.length + c.errors.added.length + c.errors.resolved.length === 0 &&
    c.metrics.every((m) => m.before === m.after)
  );
}

function Differences({ a }: { a: number }) {
  const statement = (): string => compareOf(a, stand.peek() ?? 'now', over.peek());
  const asking = useAsking<CompareAnswer>(statement, `compare ${a} ${over.value}`, PACE);
  const apart = useAsking<TableAnswer>(() => failingApart(Math.floor(focus.peek().at ?? now())), 'apart', 2 * PACE);
  const answer = asking.answer.value?.data;
  const notes = notesOf(answer);
  return (
    <div class="scroll">
      <PanelTrouble asking={asking} statement={statement()} />
      {notes ? <p class="quiet">{notes}.</p> : null}
      {answer && nothing(answer) ? (
        <p class="quiet">Nothing changed: {plural(answer.after.services.length, 'service')}, {plural(answer.changes.metrics.length, 'figure')} and their errors were compared.</p>
      ) : null}
      {answer ? (
        <>
          <Services answer={answer} />
          <Errors title="Errors that A had not" kinds={answer.changes.errors.added} />
          {apart.answer.value ? <Apart answer={apart.answer.value.data} /> : null}
          <Metrics answer={answer} />
          <Errors title="Errors that B has not any more" kinds={answer.changes.errors.resolved} />
        </>
      ) : null}
    </div>
  );
}

export function CompareView() {
  const a = focus.value.a;
  const b = at.value;
  return (
    <section class="main compare" aria-label="Compare">
      <div class="head">
        <h1>Compare</h1>
        {a === null ? null : (
          <>
            <span class="with-glyph"><Letter name="A" /><button type="button" class="link" onClick={() => goTo(a)}>{moment(a, b)}</button></span>
            <span class="with-glyph"><Letter name="B" />{live.value ? 'now' : moment(b, a)}</span>
            <span class="note not-phone">{duration(Math.abs(b - a) * 1e6)} apart</span>
          </>
        )}
        <span class="end">
          {a === null ? null : (
            <>
              <button type="button" class="btn small" onClick={() => {
                change({ a: Math.round(b) });
                goTo(a, 'replace');
              }}>Swap</button>
              <button type="button" class="btn small bare" onClick={() => change({ a: null })}>Another A</button>
              <TimeqlButton statement={compareOf(a, stand.value ?? 'now', over.value)} />
            </>
          )}
        </span>
      </div>
      {a === null ? <Pick /> : <Differences key={a} a={a} />}
    </section>
  );
}
