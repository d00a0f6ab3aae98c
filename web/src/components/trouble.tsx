// SPDX-License-Identifier: Apache-2.0
//
// What a panel says when it has no answer: one sentence, what to do, Retry. Other panels go on.
import type { Asking } from '../api/asking';
import type { Answer, Warning } from '../api/types';
import type { Failure } from '../api/failure';

export function sentence(failure: Failure): string {
  return sentenceOf(failure.body.message ?? failure.message);
}

/** The daemon words messages in lower case and without a full stop. */
export function sentenceOf(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

export function Trouble({ failure, retry }: { failure: Failure; retry: () => void }) {
  return (
    <div class="trouble" role="alert">
      <b>{sentence(failure)}</b>
      {failure.body.hint ? <> {sentenceOf(failure.body.hint)}</> : null}
      <div>
        <button type="button" class="btn small" onClick={retry}>Retry</button>
      </div>
    </div>
  );
}

export function PanelTrouble<T>({ asking, statement }: { asking: Asking<T>; statement: string }) {
  const failure = asking.failure.value;
  if (!failure || failure.kind !== 'refused') return null;
  return <Trouble failure={failure} retry={() => asking.ask(statement)} />;
}

export function warningText(w: Warning): string {
  return typeof w === 'string' ? w : [w.message, w.hint].filter(Boolean).join('; ');
}

/** Truncation and warnings of an answer, as one grey line. */
export function notesOf(answer: Answer | undefined): string {
  if (!answer) return '';
  const notes = (answer.warnings ?? []).map(warningText);
  if (answer.truncated) notes.unshift('truncated');
  return notes.join('; ');
}
