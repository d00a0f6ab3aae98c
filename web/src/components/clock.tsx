// SPDX-License-Identifier: Apache-2.0
//
// The moment in large digits, editable, with the controls that move it. The outer buttons step to the
// error before and after, the inner ones to the event before and after.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { clock, date, millis, parseTyped } from '../format/time';
import { SPEEDS, playing, speed, toggleLive, togglePlay } from '../state/clock';
import { nothingYet } from '../state/first-run';
import { zone } from '../state/prefs';
import { step, stepping } from '../state/steps';
import { at, goTo, live } from '../state/store';
import { IconButton } from './icon';

export function ZoneSwitch() {
  return (
    <div class="segments" role="group" aria-label="Time zone">
      <button type="button" aria-pressed={zone.value === 'utc'} onClick={() => (zone.value = 'utc')}>UTC</button>
      <button type="button" aria-pressed={zone.value === 'local'} onClick={() => (zone.value = 'local')}>Local</button>
    </div>
  );
}

function Editor({ done }: { done: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const wrong = useSignal(false);
  useEffect(() => input.current?.select(), []);
  const submit = (e: Event) => {
    e.preventDefault();
    const ms = parseTyped(input.current?.value ?? '', at.peek(), zone.peek());
    if (ms === null) {
      wrong.value = true;
      return;
    }
    goTo(ms);
    done();
  };
  return (
    <form onSubmit={submit}>
      <input
        ref={input} class={`t field${wrong.value ? ' wrong' : ''}`} aria-label="Go to a time" aria-invalid={wrong.value}
        defaultValue={clock(at.peek(), zone.peek())} onBlur={done}
        title="15:47, 15:47:38.5, 2026-03-12 15:47:38, or seconds since 1970"
        onKeyDown={(e) => {
          if (e.key === 'Escape') done();
        }}
      />
    </form>
  );
}

function Moment() {
  const editing = useSignal(false);
  if (nothingYet.value) return <span class="t none" aria-label="No moment yet">--:--:--</span>;
  if (editing.value) return <Editor done={() => (editing.value = false)} />;
  return (
    <button type="button" class="t" title="Type a time" onClick={() => (editing.value = true)}>
      {clock(at.value, zone.value)}
      {live.value ? null : <small>{millis(at.value, zone.value)}</small>}
    </button>
  );
}

export function Clock() {
  const off = nothingYet.value;
  const busy = stepping.value;
  return (
    <section class="clock" aria-label="Clock">
      <div class="row">
        <span class="date">{off ? 'No events yet' : date(at.value, zone.value)}</span>
        <ZoneSwitch />
      </div>
      <Moment />
      <div class="row steps">
        <IconButton icon="first" class="small" label="Error before (p)" disabled={off || busy} onClick={() => void step('error', 'before')} />
        <IconButton icon="prev" class="small" label="Event before (k)" disabled={off || busy} onClick={() => void step('event', 'before')} />
        <IconButton
          icon={playing.value ? 'pause' : 'play'} class="small" label={playing.value ? 'Pause (Space)' : 'Play (Space)'}
          disabled={off || live.value} onClick={togglePlay}
        />
        <IconButton icon="next" class="small" label="Event after (j)" disabled={off || busy || live.value} onClick={() => void step('event', 'after')} />
        <IconButton icon="last" class="small" label="Error after (n)" disabled={off || busy || live.value} onClick={() => void step('error', 'after')} />
        <select
          aria-label="Speed" disabled={off || live.value} value={String(speed.value)}
          onChange={(e) => (speed.value = Number(e.currentTarget.value))}
        >
          {SPEEDS.map((s) => <option key={s} value={String(s)}>{`${s}×`}</option>)}
        </select>
        <button
          type="button" class={`btn small live${live.value && !off ? ' primary' : ''}`} disabled={off}
          aria-pressed={live.value} title="Live (.)" onClick={toggleLive}
        >
          Live
        </button>
      </div>
    </section>
  );
}
