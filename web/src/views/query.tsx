// SPDX-License-Identifier: Apache-2.0
//
// The TimeQL console.
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { CopyButton, curlFor } from '../components/copy';
import { Glyph } from '../components/glyph';
import { Coloured } from '../components/timeql';
import { sentence, sentenceOf } from '../components/trouble';
import type { Failure } from '../api/failure';
import { duration } from '../format/numbers';
import { oneLine, oneOf } from '../format/text';
import { clock, sameDay, shortDate } from '../format/time';
import { answer, cancel, draft, failure, history, ran, run, runningSince } from '../state/console';
import { zone } from '../state/prefs';
import { focus, range, stand } from '../state/store';
import { stateAt, timeLiteral, windowOf } from '../timeql/text';
import { caretOf, corrected, offeredWord, type Caret } from '../timeql/caret';
import { costOf, Result } from './result';

function History() {
  const today = Date.now();
  return (
    <nav class="history" aria-label="Statements run before">
      <h2>History</h2>
      {history.value.length === 0 ? <p class="none">Statements that ran are kept here.</p> : null}
      <ol>
        {history.value.map((past) => (
          <li key={past.text}>
            <button type="button" title={past.text} aria-current={past.text === ran.value ? 'true' : undefined} onClick={() => {
              draft.value = past.text;
              run(past.text);
            }}>
              <code>{oneLine(past.text)}</code>
              <span>{sameDay(past.ms, today, zone.value) ? clock(past.ms, zone.value).slice(0, 5) : shortDate(past.ms, zone.value)}</span>
            </button>
          </li>
        ))}
      </ol>
      <Examples />
    </nav>
  );
}

/** Statements to begin with, at the moment and the range that are on screen. */
function Examples() {
  const moment = stand.value ?? 'now';
  const r = range.peek();
  const span = windowOf(Math.round(r.from), stand.value === null ? 'now' : Math.round(r.to));
  const examples: [string, string][] = [
    ['State of everything', stateAt(moment, 10_000)],
    ['Errors in the range', `TIMELINE ${span} WHERE error_occurred = true LIMIT 100`],
    ['Events by service', `SELECT service, count(*) AS events FROM events ${span} GROUP BY service`],
    ['Services known', 'SHOW services'],
    ['How a state is read', `EXPLAIN STATE AT ${timeLiteral(moment)}`],
  ];
  return (
    <>
      <h2>Examples</h2>
      <ol>
        {examples.map(([name, text]) => (
          <li key={name}>
            <button type="button" title={text} onClick={() => {
              draft.value = text;
              run(text);
            }}>{name}</button>
          </li>
        ))}
      </ol>
    </>
  );
}

function Marks({ caret }: { caret: Caret | null }) {
  if (!caret) return null;
  return (
    <pre class="carets" aria-hidden="true" style={{ top: `${(caret.line - 1) * 20 + 14}px` }}>
      {' '.repeat(caret.column - 1)}<span>{'^'.repeat(caret.length)}</span>
    </pre>
  );
}

function Editor({ caret }: { caret: Caret | null }) {
  const area = useRef<HTMLTextAreaElement>(null);
  const pre = useRef<HTMLPreElement>(null);
  useEffect(() => {
    if (matchMedia('(min-width: 720px)').matches && focus.peek().entity === null) area.current?.focus();
  }, []);
  const lines = draft.value.split('\n').length;
  const keys = (e: KeyboardEvent): void => {
    if (e.key !== 'Enter' || e.shiftKey || e.isComposing) return;
    e.preventDefault();
    run(draft.peek());
  };
  return (
    <div class="editor" style={{ height: `${Math.min(14, Math.max(2, lines + (caret ? 1 : 0))) * 20 + 20}px` }}>
      <div class="line-numbers" aria-hidden="true">{Array.from({ length: lines }, (_, i) => <span key={i}>{i + 1}</span>)}</div>
      <div class="overlay">
        <pre ref={pre} aria-hidden="true"><Coloured text={draft.value} />{'\n'}</pre>
        <Marks caret={caret} />
        <textarea
          ref={area} aria-label="TimeQL" spellcheck={false} autocomplete="off" wrap="off" value={draft.value}
          placeholder="STATE AT 'now' OVER 10 s" aria-invalid={caret !== null} aria-describedby={caret ? 'query-error' : undefined}
          onInput={(e) => (draft.value = e.currentTarget.value)} onKeyDown={keys}
          onScroll={(e) => {
            if (!pre.current) return;
            pre.current.scrollLeft = e.currentTarget.scrollLeft;
            pre.current.scrollTop = e.currentTarget.scrollTop;
          }}
        />
      </div>
    </div>
  );
}

function Elapsed() {
  const now = useSignal(0);
  useSignalEffect(() => {
    const since = runningSince.value;
    if (since === null) return undefined;
    const timer = setInterval(() => (now.value = performance.now() - since), 100);
    return () => clearInterval(timer);
  });
  if (runningSince.value === null || now.value < 300) return null;
  return <span class="note">running for {duration(now.value * 1e6)} <button type="button" class="link" onClick={cancel}>Cancel</button></span>;
}

function Refusal({ reason, caret }: { reason: Failure; caret: Caret | null }) {
  const position = reason.body.position;
  const where = position?.line !== undefined && position.column !== undefined ? `Line ${position.line}, column ${position.column}: ` : '';
  const text = sentence(reason);
  const offered = offeredWord(reason.body.hint);
  const fix = (word: string, at: Caret): void => {
    draft.value = corrected(draft.peek(), at, word);
    run(draft.peek());
  };
  return (
    <div class="refusal" id="query-error" role="alert">
      <Glyph health="failing" label={false} />
      <div>
        <b>{where}{where === '' ? text : text.charAt(0).toLowerCase() + text.slice(1)}</b>
        {reason.body.expected?.length ? <p>Expected {oneOf(reason.body.expected)}.</p> : null}
        {offered && caret ? (
          <p><button type="button" class="link" onClick={() => fix(offered, caret)}>Change it to {offered}</button></p>
        ) : reason.body.hint ? <p>{sentenceOf(reason.body.hint)}</p> : null}
      </div>
    </div>
  );
}

export function QueryView() {
  const caret = useComputed(() => (failure.value && ran.value === draft.value.trim() ? caretOf(draft.value, failure.value.body) : null));
  const empty = draft.value.trim() === '';
  return (
    <section class="main query" aria-label="Query">
      <History />
      <div class="scroll cells">
        <div class={`cell${failure.value ? ' wrong' : ''}`}>
          <Editor caret={caret.value} />
          <div class="cell-foot">
            <button type="button" class="btn small primary" disabled={empty} onClick={() => run(draft.value)}>Run <span class="hint">Enter</span></button>
            <CopyButton text={() => draft.value}>Copy</CopyButton>
            <CopyButton text={() => curlFor(draft.value)} title="Copy as a curl command">curl</CopyButton>
            <button
              type="button" class="btn small bare" disabled={empty}
              onClick={() => run(/^\s*explain\b/i.test(draft.value) ? draft.value : `EXPLAIN ${draft.value.trim()}`)}
            >
              Explain
            </button>
            <span class="push"><Elapsed />{answer.value && runningSince.value === null ? <span class="note">{costOf(answer.value)}</span> : null}</span>
          </div>
          {failure.value ? <Refusal reason={failure.value} caret={caret.value} /> : null}
        </div>
        {answer.value ? <Result answer={answer.value} /> : null}
      </div>
    </section>
  );
}

