// SPDX-License-Identifier: Apache-2.0
//
// One event: its fields as they came, its attributes, and the trace it is part of.
import type { EventRow, TraverseAnswer } from '../api/types';
import { Glyph } from '../components/glyph';
import { IconButton } from '../components/icon';
import { CopyButton } from '../components/copy';
import { TimeLink } from '../components/time-link';
import { TimeqlButton } from '../components/timeql';
import { PanelTrouble } from '../components/trouble';
import { failed, lineOf, refOf, warned } from '../format/event';
import { duration } from '../format/numbers';
import { oneLine } from '../format/text';
import { all, literal, related, trace } from '../timeql/text';
import { rows } from '../state/stream';
import { change, select } from '../state/store';
import { EventText, Field, plainValue } from './fields';
import { useAsking } from './use-asking';
import { Waterfall } from './waterfall';

function matches(ref: string): (e: EventRow) => boolean {
  return (e) => e.arrival === ref || e.eventId === ref;
}

function Fields({ event }: { event: EventRow }) {
  return (
    <dl class="fields">
      <Field name="Time"><TimeLink time={event.timestamp} precise /></Field>
      <Field name="Service">
        <button type="button" class="link" onClick={() => select({ kind: 'service', name: event.service })}>{oneLine(event.service)}</button>
      </Field>
      <Field name="Type">{oneLine(event.eventType)}{event.kind ? `, ${oneLine(event.kind)}` : ''}</Field>
      <Field name="Name">{event.name ? <EventText text={event.name} /> : null}</Field>
      <Field name="Took">{event.durationNs === undefined ? null : duration(event.durationNs)}</Field>
      <Field name="Status">{event.status ? <span class={event.status === 'error' ? 'bad' : ''}>{oneLine(event.status)}</span> : null}</Field>
      <Field name="Severity">{event.severity === undefined ? null : String(event.severity)}</Field>
      <Field name="Message">{event.message && event.message !== lineOf(event) ? <EventText text={event.message} /> : null}</Field>
      <Field name="Instance">{[event.instance, event.host].filter(Boolean).map((t) => oneLine(String(t))).join(' on host ')}</Field>
      <Field name="Event id" mono>{event.eventId ? <EventText text={event.eventId} /> : null}</Field>
      <Field name="Arrival" mono>{event.arrival}</Field>
      <Field name="Trace" mono>{event.traceId ?? null}</Field>
      <Field name="Span" mono>{event.spanId ?? null}</Field>
      <Field name="Parent span" mono>{event.parentSpanId ?? null}</Field>
      <Field name="Caused by" mono>
        {event.causedBy?.length ? event.causedBy.map((id) => (
          <button key={id} type="button" class="link" onClick={() => select({ kind: 'event', ref: id })}>{oneLine(id)}</button>
        )) : null}
      </Field>
    </dl>
  );
}

function Attributes({ event }: { event: EventRow }) {
  const pairs = Object.entries(event.attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (pairs.length === 0) return null;
  return (
    <section>
      <h3>Attributes</h3>
      <dl class="fields">
        {pairs.map(([k, v]) => <Field key={k} name={k}><EventText text={plainValue(v)} /></Field>)}
      </dl>
    </section>
  );
}

/** The first digits that tell traces apart; small ids are mostly zeros. */
function shortId(id: string): string {
  return id.replace(/^0+(?=.)/, '').slice(0, 8);
}

function Trace({ event }: { event: EventRow }) {
  const id = event.traceId;
  const statement = id ? trace(id) : related(refOf(event));
  const asking = useAsking<TraverseAnswer>(() => statement, statement);
  const answered = asking.answer.value;
  if (!id && (answered?.data.events.length ?? 0) < 2) return null;
  return (
    <section class="trace">
      <h3>
        {id ? 'Trace' : 'Causes and effects'} {id ? <code>{shortId(id)}</code> : null}
        <span class="push"><TimeqlButton statement={statement} /></span>
      </h3>
      <PanelTrouble asking={asking} statement={statement} />
      {answered ? <Waterfall answer={answered.data} chosen={refOf(event)} /> : null}
      {id ? (
        <p><button type="button" class="link" onClick={() => change({ view: 'stream', where: all(`traceId = ${literal(id)}`) })}>Its events in Stream</button></p>
      ) : null}
    </section>
  );
}

function Message({ event }: { event: EventRow }) {
  const health = failed(event) ? 'failing' : 'healthy';
  return (
    <section>
      <p class="status">
        <span class={`chip ${failed(event) ? 'failing' : ''}`}>
          <Glyph health={health} label={false} />{failed(event) ? 'failed' : warned(event) ? 'warning' : oneLine(event.eventType)}
        </span>
      </p>
      <p class="message"><EventText text={event.message ?? lineOf(event)} /></p>
      <Fields event={event} />
    </section>
  );
}

export function EventPanel({ reference }: { reference: string }) {
  const statement = related(reference);
  const known = rows.value.find(matches(reference));
  const asking = useAsking<TraverseAnswer>(() => (known ? null : statement), reference);
  const event = known ?? asking.answer.value?.data.events.find(matches(reference));
  return (
    <aside class="panel" aria-label="Event">
      <div class="head">
        <h2>{event ? oneLine(event.name ?? event.eventType) : 'Event'}</h2>
        <span class="end">
          {event ? <CopyButton text={() => JSON.stringify(event, null, 2)} title="Copy the event as JSON">Copy</CopyButton> : null}
          <TimeqlButton statement={statement} />
          <IconButton icon="close" class="bare" label="Close (Esc)" onClick={() => select(null)} />
        </span>
      </div>
      <div class="scroll body">
        {event ? (
          <>
            <Message event={event} />
            <Trace key={event.arrival} event={event} />
            <Attributes event={event} />
          </>
        ) : <PanelTrouble asking={asking} statement={statement} />}
      </div>
    </aside>
  );
}
