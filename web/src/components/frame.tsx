// SPDX-License-Identifier: Apache-2.0
//
// The parts of the frame that say little: rail, foot, banner, login.
import { signal, useSignal, useSignalEffect } from '@preact/signals';
import { keepToken, lockReason, locked } from '../api/client';
import { awaySince, eventsPerSecond, nextTry, status } from '../api/status';
import { bytes, count, duration, plural, rate } from '../format/numbers';
import { ago, parseTime } from '../format/time';
import { system } from '../state/data';
import { printFocus, type View } from '../state/focus';
import { focus, now, open, view } from '../state/store';
import { streamNote } from '../state/stream';
import { Glyph } from './glyph';
import { Icon, Mark, type IconName } from './icon';
import { notesOf } from './trouble';

const PLACES: { place: View; label: string; icon: IconName }[] = [
  { place: 'system', label: 'System', icon: 'system' },
  { place: 'metrics', label: 'Metrics', icon: 'metrics' },
  { place: 'stream', label: 'Stream', icon: 'stream' },
  { place: 'compare', label: 'Compare', icon: 'compare' },
  { place: 'query', label: 'Query', icon: 'query' },
];

export function Rail() {
  return (
    <nav class="rail" aria-label="Views">
      <span class="mark"><Mark /></span>
      {PLACES.map(({ place, label, icon }) => (
        <a
          key={place} href={printFocus({ ...focus.value, view: place }) || './'} title={label}
          aria-current={view.value === place ? 'page' : undefined}
          onClick={(e) => {
            if (e.metaKey || e.ctrlKey || e.shiftKey) return;
            e.preventDefault();
            open(place);
          }}
        >
          <Icon name={icon} size={20} />
          <span>{label}</span>
        </a>
      ))}
    </nav>
  );
}

/** A slow tick for texts that count seconds. */
const second = signal(0);
setInterval(() => (second.value += 1), 1000);

function cost(): string {
  if (view.value !== 'system') return streamNote.value;
  const answer = system.answer.value?.data;
  if (!answer?.scanned) return '';
  const { segments, events, bytes: read } = answer.scanned;
  const parts = [
    segments === undefined ? null : plural(segments, 'segment'),
    events === undefined ? null : plural(events, 'event'),
    read === undefined ? null : bytes(read),
  ].filter((p) => p !== null);
  const took = answer.tookMs === undefined ? '' : ` in ${duration(answer.tookMs * 1e6)}`;
  return `State from ${parts.join(', ')}${took}`;
}

function newest(text: string | null): string {
  const ms = parseTime(text);
  return ms === null ? '' : `newest event ${ago(now() - ms)}`;
}

export function Foot() {
  void second.value;
  const s = status.value;
  const connected = awaySince.value === null && s !== null;
  const disk = s?.diskBytes === null || s?.diskBytes === undefined ? '' : `${bytes(s.diskBytes)}${s.diskLimitBytes ? ` of ${bytes(s.diskLimitBytes)}` : ' on disk'}`;
  return (
    <footer class="foot">
      <span class="with-glyph">
        <Glyph health={connected ? 'healthy' : 'silent'} label={false} />
        {connected ? 'Connected' : 'No answer'}
      </span>
      {eventsPerSecond.value === null ? null : <span>{rate(eventsPerSecond.value).replace('/', ' events/')}</span>}
      {s?.newestEvent ? <span>{newest(s.newestEvent)}</span> : null}
      {s?.events ? <span class="wide-only">{count(s.events)} events</span> : null}
      {disk ? <span>{disk}</span> : null}
      {s?.readOnly ? <b>read-only: the disk is full or failing</b> : null}
      <span class="cost" title={notesOf(system.answer.value?.data)}>{cost() || (s?.version ? `traversiond ${s.version}` : '')}</span>
    </footer>
  );
}

export function Banner() {
  const shown = useSignal('');
  useSignalEffect(() => {
    void second.value;
    const since = awaySince.value;
    if (since === null) {
      shown.value = '';
      return;
    }
    const gone = Math.max(1, Math.round((performance.now() - since) / 1000));
    const wait = nextTry.value === null ? 0 : Math.max(0, Math.ceil((nextTry.value - performance.now()) / 1000));
    shown.value = `No answer from the daemon for ${gone} s; ${wait > 0 ? `trying again in ${wait} s` : 'trying again'}.`;
  });
  if (shown.value === '') return null;
  return (
    <div class="banner" role="status">
      <Glyph health="silent" label={false} /> {shown.value}
    </div>
  );
}

export function Login() {
  const text = useSignal('');
  const submit = (e: Event) => {
    e.preventDefault();
    if (text.value.trim() !== '') keepToken(text.value.trim());
  };
  return (
    <div class="login">
      <form onSubmit={submit}>
        <Mark />
        <h1>This daemon asks for a token</h1>
        <p>Reading needs the scope <code>read</code>. Make one on the daemon's host:</p>
        <pre class="code">traversiond token create --scope read</pre>
        <label for="token">Token</label>
        <input
          id="token" class={`field code${locked.value === 'wrong' ? ' wrong' : ''}`} type="password" autoFocus
          autocomplete="off" value={text.value} onInput={(e) => (text.value = e.currentTarget.value)}
        />
        {locked.value === 'wrong' ? <p class="wrong" role="alert">Refused: {lockReason.value || 'the daemon gave no reason'}.</p> : null}
        <button type="submit" class="btn primary">Open</button>
        <p>It is kept until this tab closes.</p>
      </form>
    </div>
  );
}

