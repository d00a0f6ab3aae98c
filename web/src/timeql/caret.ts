// SPDX-License-Identifier: Apache-2.0
import type { ErrorBody } from '../api/types';
import { tokens } from './tokens';

export interface Caret {
  line: number;
  column: number;
  /** Characters marked: those of the token that stands there. */
  length: number;
}

/** The word that the daemon offers in place of the marked one: "did you mean WHERE?" */
export function offeredWord(hint: string | null | undefined): string | null {
  return /^did you mean '?([^'?]+)'?\?$/i.exec(hint ?? '')?.[1] ?? null;
}

/** The text with the marked token replaced. */
export function corrected(text: string, caret: Caret, word: string): string {
  const lines = text.split('\n');
  const line = lines[caret.line - 1] ?? '';
  lines[caret.line - 1] = line.slice(0, caret.column - 1) + word + line.slice(caret.column - 1 + caret.length);
  return lines.join('\n');
}

/** Where an error points in the text that was sent: counted from one, as the daemon counts. */
export function caretOf(text: string, error: ErrorBody): Caret | null {
  const line = error.position?.line;
  const column = error.position?.column;
  if (line === undefined || column === undefined || line < 1 || column < 1) return null;
  const lines = text.split('\n');
  const before = lines.slice(0, line - 1).reduce((sum, l) => sum + l.length + 1, 0) + column - 1;
  let at = 0;
  for (const token of tokens(text)) {
    if (before < at + token.text.length) {
      const rest = token.text.slice(before - at).split('\n')[0] ?? '';
      return { line, column, length: token.kind === 'blank' ? 1 : Math.max(1, Math.min(rest.length, 60)) };
    }
    at += token.text.length;
  }
  return { line, column, length: 1 };
}
