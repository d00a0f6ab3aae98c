// SPDX-License-Identifier: Apache-2.0
//
// One panel's question. While t is dragged a panel asks many times a second: one request is under way,
// and of those that came meanwhile only the newest is kept. So answers keep pace with the pointer, none
// comes late, and a slow daemon is never asked more than it answers. A request that has run for a while
// when a newer one is waiting is aborted, which cancels the query in the daemon.
import { signal } from '@preact/signals';
import { query } from './client';
import { Failure } from './failure';

const ABORT_AFTER_MS = 700;

export interface Answered<T> {
  statement: string;
  data: T;
}

interface Running {
  statement: string;
  controller: AbortController;
  started: number;
}

export class Asking<T> {
  readonly answer = signal<Answered<T> | null>(null);
  readonly failure = signal<Failure | null>(null);
  /** Whether an answer is awaited. */
  readonly busy = signal(false);

  #running: Running | null = null;
  #next: string | null = null;

  ask(statement: string): void {
    const running = this.#running;
    if (!running) {
      void this.#start(statement);
      return;
    }
    this.#next = running.statement === statement ? null : statement;
    if (this.#next !== null && performance.now() - running.started > ABORT_AFTER_MS) running.controller.abort();
  }

  /** Drops what is under way and what is known. */
  clear(): void {
    this.stop();
    this.answer.value = null;
    this.failure.value = null;
  }

  stop(): void {
    this.#next = null;
    this.#running?.controller.abort();
    this.#running = null;
    this.busy.value = false;
  }

  async #start(statement: string): Promise<void> {
    const running = { statement, controller: new AbortController(), started: performance.now() };
    this.#running = running;
    this.busy.value = true;
    try {
      const data = await query<T>(statement, running.controller.signal);
      if (this.#running !== running) return;
      this.answer.value = { statement, data };
      this.failure.value = null;
    } catch (reason) {
      if (this.#running !== running) return;
      if (!running.controller.signal.aborted) this.failure.value = asFailure(reason, statement);
    }
    this.#running = null;
    this.busy.value = false;
    const next = this.#next;
    this.#next = null;
    if (next !== null) void this.#start(next);
  }
}

export function asFailure(reason: unknown, statement: string): Failure {
  if (reason instanceof Failure) return reason;
  return new Failure('refused', { message: String(reason) }, statement);
}
