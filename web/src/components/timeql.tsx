// SPDX-License-Identifier: Apache-2.0
//
// TimeQL in colours, and the small door to it that every panel has: its statement, Copy, curl.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { change } from '../state/store';
import { tokens } from '../timeql/tokens';
import { CopyButton, curlFor } from './copy';

export function Coloured({ text }: { text: string }) {
  return (
    <>
      {tokens(text).map((t, i) => <span key={i} class={`tq-${t.kind}`}>{t.text}</span>)}
    </>
  );
}

/** Shows a statement in the console and runs it there. */
export function openInConsole(statement: string): void {
  change({ view: 'query', q: statement });
}

interface Place {
  top: number;
  right: number;
}

export function TimeqlButton({ statement }: { statement: string | null }) {
  const place = useSignal<Place | null>(null);
  const root = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (!place.value) return undefined;
    const close = (e: Event) => {
      const outside = e instanceof KeyboardEvent ? e.key === 'Escape' : !root.current?.contains(e.target as Node);
      if (outside) place.value = null;
    };
    document.addEventListener('pointerdown', close);
    document.addEventListener('keydown', close);
    return () => {
      document.removeEventListener('pointerdown', close);
      document.removeEventListener('keydown', close);
    };
  }, [place.value]);
  if (statement === null) return null;
  const toggle = (e: MouseEvent) => {
    const box = (e.currentTarget as HTMLElement).getBoundingClientRect();
    place.value = place.value ? null : { top: box.bottom + 4, right: Math.max(8, innerWidth - box.right) };
  };
  return (
    <span ref={root}>
      <button type="button" class="btn small bare" aria-expanded={place.value !== null} onClick={toggle}>TimeQL</button>
      {place.value ? (
        <div class="popover source" style={{ top: `${place.value.top}px`, right: `${place.value.right}px` }}>
          <pre><Coloured text={statement} /></pre>
          <div class="source-foot">
            <CopyButton text={() => statement}>Copy</CopyButton>
            <CopyButton text={() => curlFor(statement)}>curl</CopyButton>
            <button type="button" class="btn small bare" onClick={() => openInConsole(statement)}>Open in Query</button>
          </div>
        </div>
      ) : null}
    </span>
  );
}
