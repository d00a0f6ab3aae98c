// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { value } from '../format/numbers';
import { folded, visible } from '../format/text';

/** A pair of name and value; without a value it is left out. */
export function Field({ name, children, mono = false }: { name: string; children: ComponentChildren; mono?: boolean }) {
  if (children === null || children === undefined || children === '') return null;
  return (
    <>
      <dt title={name}>{name}</dt>
      <dd class={mono ? 'code' : ''}>{children}</dd>
    </>
  );
}

/** Text from an event, folded over 400 characters. */
export function EventText({ text }: { text: string }) {
  const open = useSignal(false);
  const { text: head, rest } = folded(visible(text));
  if (rest === 0 || open.value) return <bdi class="event-text">{visible(text)}</bdi>;
  return (
    <>
      <bdi class="event-text">{head}…</bdi>{' '}
      <button type="button" class="link" onClick={() => (open.value = true)}>{value(rest)} more characters</button>
    </>
  );
}

export function plainValue(v: unknown): string {
  if (v === null || v === undefined) return '–';
  if (typeof v === 'string') return v;
  if (typeof v === 'number') return Number.isInteger(v) ? String(v) : value(v);
  return typeof v === 'object' ? JSON.stringify(v) : String(v);
}
