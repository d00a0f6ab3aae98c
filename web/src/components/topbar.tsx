// SPDX-License-Identifier: Apache-2.0
//
// The TimeQL box shows the statement behind the view until someone types; Enter runs what was typed in
// the console, where its answer or its error is shown.
import { computed, signal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { nothingYet } from '../state/first-run';
import { ZoneSwitch } from './clock';
import { CopyButton, curlFor } from './copy';
import { Icon, IconButton } from './icon';
import { Coloured, openInConsole } from './timeql';
import { shade, toggleTheme } from '../state/prefs';
import { streamStatement } from '../state/stream';
import { over } from '../state/data';
import { VIEW_TITLE } from '../state/focus';
import { at, change, focus, goLive, live, open, stand, view } from '../state/store';
import { askBox, helpOpen } from '../state/ui';
import { compareOf } from '../timeql/compare';
import { stateAt } from '../timeql/text';

const HINT = 'Ask in TimeQL: STATE AT, TIMELINE, TRAVERSE …';

/** The statement behind what the view shows. */
export const viewStatement = computed(() => {
  if (view.value === 'query') return focus.value.q.replace(/\s+/g, ' ');
  if (nothingYet.value) return '';
  if (view.value === 'stream') return streamStatement.value;
  if (view.value === 'compare' && focus.value.a !== null) return compareOf(focus.value.a, stand.value ?? 'now', over.value);
  return stateAt(stand.value ?? 'now', over.value);
});

const typed = signal<string | null>(null);

function AskBox() {
  const pre = useRef<HTMLPreElement>(null);
  useSignalEffect(() => {
    void view.value;
    typed.value = null;
  });
  const text = typed.value ?? viewStatement.value;
  const edited = typed.value !== null && typed.value !== viewStatement.value;
  const run = (e: Event) => {
    e.preventDefault();
    if (text.trim() !== '') openInConsole(text);
    typed.value = null;
  };
  return (
    <form class={`ask${edited ? ' edited' : ''}`} onSubmit={run} role="search">
      <Icon name="query" />
      <div class="overlay">
        <pre ref={pre} aria-hidden="true"><Coloured text={text} /></pre>
        <input
          ref={(el) => { askBox.element = el; }} aria-label="TimeQL statement" placeholder={HINT} spellcheck={false}
          autocomplete="off" value={text}
          onInput={(e) => (typed.value = e.currentTarget.value)}
          onScroll={(e) => {
            if (pre.current) pre.current.scrollLeft = e.currentTarget.scrollLeft;
          }}
          onKeyDown={(e) => {
            if (e.key !== 'Escape') return;
            typed.value = null;
            e.currentTarget.blur();
          }}
        />
      </div>
      {text === '' ? null : (
        <>
          <CopyButton text={() => text}><Icon name="copy" /> Copy</CopyButton>
          <CopyButton text={() => curlFor(text)} title="Copy as a curl command">curl</CopyButton>
        </>
      )}
      <span class="key" aria-hidden="true" title="/ puts the cursor here">/</span>
    </form>
  );
}

export function TopBar() {
  const home = view.value === 'system';
  return (
    <header class="top">
      {home ? null : <span class="phone-only"><IconButton icon="back" class="bare" label="System" onClick={() => open('system')} /></span>}
      <span class="title">{VIEW_TITLE[view.value]}</span>
      <AskBox />
      <span class="phone-only spread"><ZoneSwitch /></span>
      {live.value || nothingYet.value ? null : <button type="button" class="btn phone-only" onClick={() => goLive()}>Live</button>}
      {view.value === 'compare' || nothingYet.value ? null : (
        <button
          type="button" class="btn not-phone" title="Take this moment as A, and compare it with another (c)"
          onClick={() => change({ view: 'compare', a: focus.value.a ?? Math.round(at.value) })}
        >
          <Icon name="compare" /> <span class="label">Compare</span>
        </button>
      )}
      <CopyButton text={() => location.href} class="btn" title="Copy a link to what is shown">
        <Icon name="link" /> <span class="label">Copy link</span>
      </CopyButton>
      <IconButton
        icon={shade.value === 'dark' ? 'moon' : 'sun'} class="bare" label={shade.value === 'dark' ? 'Light colours' : 'Dark colours'}
        onClick={toggleTheme}
      />
      <IconButton icon="help" class="bare not-phone" label="Keys (?)" onClick={() => (helpOpen.value = true)} />
    </header>
  );
}
