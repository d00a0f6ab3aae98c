// SPDX-License-Identifier: Apache-2.0
//
// Rows of one height, of which only those in view exist. It sticks to its end until someone scrolls up,
// and keeps its place when rows are put in front.
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

const MARGIN = 8;

interface Props<T> {
  items: T[];
  rowHeight: number;
  keyOf: (item: T) => string;
  children: (item: T) => ComponentChildren;
  following: boolean;
  onFollow: (following: boolean) => void;
  onTop: () => void;
  label: string;
}

interface View {
  top: number;
  height: number;
}

export function VirtualList<T>({ items, rowHeight, keyOf, children, following, onFollow, onTop, label }: Props<T>) {
  const box = useRef<HTMLDivElement>(null);
  const view = useSignal<View>({ top: 0, height: 600 });
  const before = useRef<{ first: string | null; length: number }>({ first: null, length: 0 });

  useLayoutEffect(() => {
    const el = box.current;
    if (!el) return;
    const first = items[0] ? keyOf(items[0]) : null;
    const was = before.current;
    if (following) {
      el.scrollTop = el.scrollHeight;
    } else if (was.first !== null && was.first !== first) {
      const shift = items.findIndex((item) => keyOf(item) === was.first);
      if (shift > 0) el.scrollTop += shift * rowHeight;
    }
    before.current = { first, length: items.length };
    if (el.scrollTop !== view.peek().top) view.value = { top: el.scrollTop, height: el.clientHeight };
  }, [items, following]);

  useEffect(() => {
    const el = box.current;
    if (!el) return undefined;
    const watcher = new ResizeObserver(() => {
      view.value = { top: el.scrollTop, height: el.clientHeight };
      if (following) el.scrollTop = el.scrollHeight;
    });
    watcher.observe(el);
    return () => watcher.disconnect();
  }, [following]);

  const scrolled = () => {
    const el = box.current;
    if (!el) return;
    view.value = { top: el.scrollTop, height: el.clientHeight };
    onFollow(el.scrollHeight - el.scrollTop - el.clientHeight < rowHeight);
    if (el.scrollTop < rowHeight * 4) onTop();
  };

  const start = Math.max(0, Math.floor(view.value.top / rowHeight) - MARGIN);
  const end = Math.min(items.length, Math.ceil((view.value.top + view.value.height) / rowHeight) + MARGIN);
  return (
    <div class="scroll vlist" ref={box} onScroll={scrolled} role="list" aria-label={label} tabIndex={-1}>
      <div class="vlist-space" style={{ height: `${items.length * rowHeight}px` }}>
        <div class="vlist-rows" style={{ transform: `translateY(${start * rowHeight}px)` }}>
          {items.slice(start, end).map((item) => <div key={keyOf(item)} role="listitem">{children(item)}</div>)}
        </div>
      </div>
    </div>
  );
}
