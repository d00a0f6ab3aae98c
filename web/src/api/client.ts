// SPDX-License-Identifier: Apache-2.0
//
// The page's one door: a statement goes out, a JSON answer comes back. Addresses are relative to the
// page, so that it also works below a path of a reverse proxy.
import { signal } from '@preact/signals';
import { Failure, away, failureOf } from './failure';

const TOKEN_KEY = 'traversion.token';

export const token = signal<string | null>(sessionStorage.getItem(TOKEN_KEY));
/** Set when the daemon asked for a token: null = no need, else whether one was already tried. */
export const locked = signal<null | 'needed' | 'wrong'>(null);
/** The daemon's own words on why. */
export const lockReason = signal('');
/** Counts network failures, so that the status poll looks at once instead of at its next turn. */
export const stumbles = signal(0);

export function keepToken(text: string): void {
  sessionStorage.setItem(TOKEN_KEY, text);
  token.value = text;
  locked.value = null;
}

export const base = new URL('.', document.baseURI).href;

export function address(path: string): string {
  return new URL(path, base).href;
}

export function headers(more: Record<string, string> = {}): Record<string, string> {
  return token.value ? { ...more, Authorization: `Bearer ${token.value}` } : more;
}

export async function fetchChecked(path: string, init: RequestInit, statement: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address(path), { cache: 'no-store', credentials: 'same-origin', ...init });
  } catch (reason) {
    if (init.signal?.aborted) throw reason;
    stumbles.value += 1;
    throw away(statement);
  }
  if (response.ok) return response;
  const failure = failureOf(response.status, await response.text(), statement);
  if (failure.kind === 'unauthorized') {
    lockReason.value = failure.body.message ?? '';
    locked.value = token.value ? 'wrong' : 'needed';
  }
  throw failure;
}

export async function query<T>(statement: string, abort?: AbortSignal): Promise<T> {
  const init: RequestInit = {
    method: 'POST',
    headers: headers({ 'Content-Type': 'text/plain; charset=utf-8', Accept: 'application/json' }),
    body: statement,
    signal: abort ?? null,
  };
  const response = await fetchChecked('api/v1/query', init, statement);
  try {
    return (await response.json()) as T;
  } catch (reason) {
    if (abort?.aborted) throw reason;
    throw new Failure('refused', { message: 'The answer broke off before its end.' }, statement, response.status);
  }
}
