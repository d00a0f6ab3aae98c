// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { base, token } from '../api/client';
import { curl } from '../timeql/text';

/** Where the clipboard is denied (plain http on another host), a selection and the old command still work. */
async function put(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'vh';
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
}

export function CopyButton({ text, children, class: more = 'btn small bare', title }: {
  text: () => string;
  children: ComponentChildren;
  class?: string;
  title?: string;
}) {
  const done = useSignal(false);
  const copy = async () => {
    await put(text());
    done.value = true;
    setTimeout(() => (done.value = false), 1200);
  };
  return (
    <button type="button" class={more} title={title} onClick={() => void copy()}>
      {done.value ? <span role="status">Copied</span> : children}
    </button>
  );
}

export function curlFor(statement: string): string {
  return curl(statement, base, token.peek() !== null);
}
