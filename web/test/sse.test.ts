// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { FrameParser } from '../src/api/sse';

const TEXT = ': ping\n\nid: 7\nevent: event\ndata: {"a":1}\n\nevent: dropped\r\ndata: {"dropped":3}\r\n\r\ndata: one\ndata:two\n\n';

describe('server-sent events', () => {
  const expected = [
    { id: '7', event: 'event', data: '{"a":1}' },
    { id: null, event: 'dropped', data: '{"dropped":3}' },
    { id: null, event: 'message', data: 'one\ntwo' },
  ];
  it('are cut into frames, comments left out', () => {
    expect(new FrameParser().feed(TEXT)).toEqual(expected);
  });
  it('do not care where the network cuts', () => {
    for (let size = 1; size < 9; size += 1) {
      const parser = new FrameParser();
      const frames = [];
      for (let i = 0; i < TEXT.length; i += size) frames.push(...parser.feed(TEXT.slice(i, i + size)));
      expect(frames).toEqual(expected);
    }
  });
});
