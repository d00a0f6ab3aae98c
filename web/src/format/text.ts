// SPDX-License-Identifier: Apache-2.0
//
// Text that came with an event is shown as text: control characters as their pictures, so that nothing
// can move the cursor, and direction overrides made visible, so that nothing can rearrange a line.

export const FOLD_AT = 400;

export function visible(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, (c) => {
    const code = c.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return '\u2421';
    return '\u2426';
  });
}

/** One line: breaks and tabs become blanks' pictures too. */
export function oneLine(text: string): string {
  return visible(text.replace(/\r?\n/g, ' ⏎ ').replace(/\t/g, ' '));
}

export function folded(text: string, limit = FOLD_AT): { text: string; rest: number } {
  const chars = [...text];
  if (chars.length <= limit) return { text, rest: 0 };
  return { text: chars.slice(0, limit).join(''), rest: chars.length - limit };
}

/** A shell word: single quotes around, inner ones spelled out. */
export function shellQuote(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}

/** "a, b or c" */
export function oneOf(items: string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} or ${items[items.length - 1]}`;
}
