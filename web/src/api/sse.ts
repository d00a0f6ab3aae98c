// SPDX-License-Identifier: Apache-2.0
//
// A parser of server-sent events over fetch, since EventSource cannot send an Authorization header.
// It is fed text in any pieces and hands out whole frames; comment lines count as a heartbeat.

export interface Frame {
  event: string;
  data: string;
  id: string | null;
}

export class FrameParser {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id: string | null = null;

  feed(text: string): Frame[] {
    const frames: Frame[] = [];
    this.#rest += text;
    let end = this.#lineEnd();
    while (end) {
      const line = this.#rest.slice(0, end.at);
      this.#rest = this.#rest.slice(end.at + end.length);
      const frame = this.#line(line);
      if (frame) frames.push(frame);
      end = this.#lineEnd();
    }
    return frames;
  }

  /** A lone CR at the end may be half of a CRLF: it waits for what follows. */
  #lineEnd(): { at: number; length: number } | null {
    const at = this.#rest.search(/[\r\n]/);
    if (at < 0) return null;
    if (this.#rest[at] === '\n') return { at, length: 1 };
    if (at + 1 === this.#rest.length) return null;
    return { at, length: this.#rest[at + 1] === '\n' ? 2 : 1 };
  }

  #line(line: string): Frame | null {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    const rest = colon < 0 ? '' : line.slice(colon + 1);
    const content = rest.startsWith(' ') ? rest.slice(1) : rest;
    if (field === 'event') this.#event = content;
    else if (field === 'data') this.#data.push(content);
    else if (field === 'id') this.#id = content;
    return null;
  }

  #dispatch(): Frame | null {
    const frame = { event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id };
    const empty = this.#data.length === 0;
    this.#event = '';
    this.#data = [];
    this.#id = null;
    return empty ? null : frame;
  }
}
