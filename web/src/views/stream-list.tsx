// SPDX-License-Identifier: Apache-2.0
//
// The stream itself, in the view and, narrower, in the panel beside the others.
import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { EventRow } from '../api/types';
import { Glyph } from '../components/glyph';
import { Icon } from '../components/icon';
import { TimeqlButton } from '../components/timeql';
import { sentence, sentenceOf } from '../components/trouble';
import { VirtualList } from '../components/virtual-list';
import { failed, lineOf, refOf, warned } from '../format/event';
import { count } from '../format/numbers';
import { oneLine, oneOf } from '../format/text';
import { clock, clockMs, minuteMs, parseTime } from '../format/time';
import { phone, zone } from '../state/prefs';
import { change, condition, entity, focus, live, range, select, showRange, stand } from '../state/store';
import {
  connected, failure, follow, following, loadOlder, loading, lost, rows, streamStatement, waiting, watchers,
} from '../state/stream';

const ROW = 24;
const TOUCH_ROW = 44;

export function useStream(): void {
  useEffect(() => {
    watchers.value += 1;
    return () => {
      watchers.value -= 1;
    };
  }, []);
}

function Row({ event, wide }: { event: EventRow; wide: boolean }) {
  const ms = parseTime(event.timestamp);
  const bad = failed(event);
  const chosen = entity.value?.kind === 'event' && entity.value.ref === refOf(event);
  const time = ms === null ? '–' : wide ? clockMs(ms, zone.value) : minuteMs(ms, zone.value);
  return (
    <button
      type="button" class={`event${bad ? ' bad' : ''}${wide ? ' wide' : ''}`} aria-pressed={chosen}
      onClick={() => select({ kind: 'event', ref: refOf(event) })}
    >
      <span class="time">{time}</span>
      <span class="mark">{bad ? <Glyph health="failing" /> : warned(event) ? <Glyph health="healthy" label={false} /> : null}</span>
      <span class="service">{oneLine(event.service)}</span>
      {wide ? <span class="type">{oneLine(event.eventType)}</span> : null}
      <bdi class="line">{lineOf(event)}</bdi>
    </button>
  );
}

function Filter() {
  const text = useSignal(focus.peek().where);
  useSignalEffect(() => {
    text.value = condition.value;
  });
  const submit = (e: Event) => {
    e.preventDefault();
    if (text.value.trim() !== focus.peek().where) change({ where: text.value.trim() });
  };
  const refused = failure.value?.kind === 'refused' && condition.value !== '' ? failure.value : null;
  return (
    <form class="filter" onSubmit={submit}>
      <Icon name="search" />
      <input
        class={`field code${refused ? ' wrong' : ''}`} aria-label="Condition" placeholder="severity >= 'WARN' AND service = 'orders'"
        spellcheck={false} autocomplete="off" value={text.value}
        onInput={(e) => (text.value = e.currentTarget.value)} onBlur={submit}
      />
    </form>
  );
}

function Empty() {
  const problem = failure.value;
  if (problem && problem.kind === 'refused') {
    return (
      <div class="trouble" role="alert">
        <b>{sentence(problem)}</b>
        {problem.body.expected?.length ? <p>Expected {oneOf(problem.body.expected)}.</p> : null}
        {problem.body.hint ? <p>{sentenceOf(problem.body.hint)}</p> : null}
      </div>
    );
  }
  if (loading.value || problem) return null;
  const widen = () => {
    const { from, to } = range.peek();
    showRange({ from: from - (to - from) * 3, to }, 'push');
  };
  return (
    <p class="quiet">
      No event matches in the range shown. <button type="button" class="link" onClick={widen}>Widen the range</button>
    </p>
  );
}

function StateChip() {
  const at = stand.value;
  if (at !== null) return <span class="chip">up to {clock(at, zone.value)}</span>;
  if (!following.value) return <span class="chip">frozen</span>;
  return <span class="chip">{connected.value ? 'live' : 'connecting'}</span>;
}

export function StreamHead({ title }: { title: string }) {
  return (
    <div class="head">
      <h2>{title}</h2>
      <StateChip />
      {lost.value > 0 ? <span class="note">{count(lost.value)} not shown</span> : null}
      <span class="end"><TimeqlButton statement={streamStatement.value} /></span>
    </div>
  );
}

export function StreamList({ wide }: { wide: boolean }) {
  useStream();
  return (
    <>
      <Filter />
      {rows.value.length === 0 ? <Empty /> : null}
      <VirtualList
        items={rows.value} rowHeight={wide && phone.value ? TOUCH_ROW : ROW} keyOf={(e) => e.arrival} label="Events, the newest last"
        following={following.value} onTop={loadOlder}
        onFollow={(end) => {
          if (end && !following.peek()) follow();
          else if (!end && following.peek()) following.value = false;
        }}
      >
        {(event) => <Row event={event} wide={wide} />}
      </VirtualList>
      {live.value && waiting.value.length > 0 ? (
        <button type="button" class="more-new" onClick={follow}>
          <Icon name="down" size={14} /> {count(waiting.value.length)} new
        </button>
      ) : null}
    </>
  );
}
