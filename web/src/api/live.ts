// SPDX-License-Identifier: Apache-2.0
//
// The live stream: one connection, resumed after the last event seen when it breaks. Events are handed
// on in bunches, at most twenty a second, so that a burst costs one rendering.
import { fetchChecked, headers } from './client';
import { Failure } from './failure';
import { FrameParser, type Frame } from './sse';
import type { EventRow } from './types';

const RETRY_MS = [500, 1000, 2000, 4000];
/** The daemon's heartbeat is 15 s: three missed ones mean that nobody is there. */
const SILENCE_MS = 45_000;

export interface LiveHandlers {
  events(rows: EventRow[]): void;
  dropped(count: number): void;
  /** null = connected. */
  state(failure: Failure | null): void;
}

export class LiveStream {
  #stopped = false;
  #lastId: string | null = null;
  #controller = new AbortController();
  #gathered: EventRow[] = [];
  #flush = 0;
  #watch = 0;

  constructor(
    private readonly where: string,
    private readonly handlers: LiveHandlers,
  ) {
    void this.#run();
  }

  stop(): void {
    this.#stopped = true;
    this.#controller.abort();
    clearTimeout(this.#watch);
    clearTimeout(this.#flush);
  }

  async #run(): Promise<void> {
    let attempt = 0;
    while (!this.#stopped) {
      try {
        await this.#connect(() => {
          attempt = 0;
        });
      } catch (reason) {
        if (this.#stopped) return;
        const failure = reason instanceof Failure ? reason : null;
        this.handlers.state(failure ?? new Failure('away', { message: 'The stream broke off.' }, this.where));
        if (failure && failure.kind === 'refused' && failure.httpStatus < 500) return;
      }
      const wait = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 4000;
      attempt += 1;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  async #connect(connected: () => void): Promise<void> {
    this.#controller = new AbortController();
    const more: Record<string, string> = { Accept: 'text/event-stream' };
    if (this.#lastId !== null) more['Last-Event-ID'] = this.#lastId;
    const path = this.where === '' ? 'api/v1/live' : `api/v1/live?where=${encodeURIComponent(this.where)}`;
    const response = await fetchChecked(path, { headers: headers(more), signal: this.#controller.signal }, this.where);
    if (!response.body) return;
    connected();
    this.handlers.state(null);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new FrameParser();
    for (;;) {
      this.#expectLife();
      const { done, value } = await reader.read();
      if (done) return;
      for (const frame of parser.feed(value)) this.#take(frame);
    }
  }

  #expectLife(): void {
    clearTimeout(this.#watch);
    this.#watch = window.setTimeout(() => this.#controller.abort(), SILENCE_MS);
  }

  #take(frame: Frame): void {
    if (frame.id !== null) this.#lastId = frame.id;
    if (frame.event === 'dropped') {
      this.handlers.dropped((JSON.parse(frame.data) as { dropped: number }).dropped);
      return;
    }
    if (frame.event !== 'event' && frame.event !== 'message') return;
    this.#gathered.push(JSON.parse(frame.data) as EventRow);
    if (this.#flush === 0) this.#flush = window.setTimeout(() => this.#hand(), 50);
  }

  #hand(): void {
    this.#flush = 0;
    const rows = this.#gathered;
    this.#gathered = [];
    if (!this.#stopped) this.handlers.events(rows);
  }
}
