// SPDX-License-Identifier: Apache-2.0
//
// The time slider: a canvas that is a slider to the keyboard and to a screen reader, with its numbers in
// a table beside it. In the bars the pointer moves t, in the axis it brushes a range, below it moves the range.
import { computed, useSignal, useSignalEffect, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { awaySince, status } from '../api/status';
import { prepare, readPalette, type Palette } from '../canvas/palette';
import { msPerPixel, toTime, toX, type Scale } from '../canvas/scale';
import { barAt, dayScale, drawSlider, layoutOf, mainScale, timeLabel, type Layout } from '../canvas/slider-draw';
import { count, plural } from '../format/numbers';
import { clock, date } from '../format/time';
import { barData, dayData, dayShown, deployData, sliderWidth, system } from '../state/data';
import { nothingYet } from '../state/first-run';
import { shade, zone } from '../state/prefs';
import { at, change, focus, goTo, live, panBy, range, showRange, stand, zoomBy } from '../state/store';
import type { Range } from '../state/focus';

type Grip =
  | { kind: 'handle' }
  | { kind: 'brush'; start: number }
  | { kind: 'overview' }
  | { kind: 'pinch'; apart: number; middle: number };

interface Size {
  width: number;
  height: number;
}

const lastEventMs = computed(() => {
  const answered = system.answer.value?.data.time;
  return answered ? Date.parse(answered) : null;
});

function zoneAt(layout: Layout, y: number): 'bars' | 'axis' | 'overview' {
  if (layout.overview && y >= layout.overview.top - 2) return 'overview';
  if (layout.overview && y > layout.barsBottom + 2) return 'axis';
  return 'bars';
}

function centreOn(ms: number): void {
  const { from, to } = range.peek();
  const half = (to - from) / 2;
  showRange({ from: ms - half, to: ms + half });
}

/** Follows pointers over the canvas and turns them into moves of the focus. */
class Hands {
  #grip: Grip | null = null;
  #pointers = new Map<number, { x: number; y: number }>();
  #moved = false;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly size: Signal<Size>,
    private readonly hover: Signal<number | null>,
    private readonly brush: Signal<Range | null>,
  ) {}

  get #layout(): Layout {
    const { width, height } = this.size.peek();
    return layoutOf(width, height);
  }

  #scale(): Scale {
    return mainScale(this.#layout, range.peek());
  }

  #point(e: PointerEvent | WheelEvent): { x: number; y: number } {
    const box = this.canvas.getBoundingClientRect();
    return { x: e.clientX - box.left, y: e.clientY - box.top };
  }

  down = (e: PointerEvent): void => {
    if (e.button !== 0) return;
    const point = this.#point(e);
    this.canvas.setPointerCapture(e.pointerId);
    this.#pointers.set(e.pointerId, point);
    if (this.#pointers.size === 2) {
      this.#grip = this.#pinch();
      return;
    }
    this.#moved = false;
    if (e.shiftKey) {
      change({ a: Math.round(this.#within(toTime(this.#scale(), point.x))) });
      return;
    }
    const where = zoneAt(this.#layout, point.y);
    const time = toTime(this.#scale(), point.x);
    if (where === 'overview') {
      this.#grip = { kind: 'overview' };
      centreOn(toTime(dayScale(this.#layout, dayShown.peek()), point.x));
    } else if (where === 'axis' && !this.#onHandle(point.x)) {
      this.#grip = { kind: 'brush', start: time };
    } else {
      this.#grip = { kind: 'handle' };
      goTo(this.#within(time), 'push');
    }
  };

  /** The hit area of the handle is 32 pixels wide. */
  #onHandle(x: number): boolean {
    return Math.abs(toX(this.#scale(), at.peek()) - x) <= 16;
  }

  #within(ms: number): number {
    const { from, to } = range.peek();
    return Math.min(to, Math.max(from, ms));
  }

  #pinch(): Grip {
    const [a, b] = [...this.#pointers.values()];
    const apart = a && b ? Math.max(8, Math.abs(a.x - b.x)) : 8;
    return { kind: 'pinch', apart, middle: a && b ? (a.x + b.x) / 2 : 0 };
  }

  move = (e: PointerEvent): void => {
    const point = this.#point(e);
    if (this.#pointers.has(e.pointerId)) this.#pointers.set(e.pointerId, point);
    const time = toTime(this.#scale(), point.x);
    const grip = this.#grip;
    this.hover.value = !grip && zoneAt(this.#layout, point.y) === 'bars' ? this.#within(time) : null;
    if (!grip) return;
    this.#moved = true;
    if (grip.kind === 'handle') goTo(this.#within(time), 'replace');
    else if (grip.kind === 'brush') this.brush.value = { from: grip.start, to: this.#within(time) };
    else if (grip.kind === 'overview') centreOn(toTime(dayScale(this.#layout, dayShown.peek()), point.x));
    else this.#pinchTo(grip);
  };

  #pinchTo(grip: { kind: 'pinch'; apart: number; middle: number }): void {
    const next = this.#pinch();
    if (next.kind !== 'pinch') return;
    const perPixel = msPerPixel(this.#scale());
    zoomBy(grip.apart / next.apart, toTime(this.#scale(), next.middle));
    panBy((grip.middle - next.middle) * perPixel);
    this.#grip = next;
  }

  up = (e: PointerEvent): void => {
    this.#pointers.delete(e.pointerId);
    const grip = this.#grip;
    this.#grip = null;
    const brushed = this.brush.peek();
    this.brush.value = null;
    if (grip?.kind !== 'brush') return;
    const pixels = brushed ? Math.abs(brushed.to - brushed.from) / msPerPixel(this.#scale()) : 0;
    if (this.#moved && brushed && pixels > 4) {
      showRange({ from: Math.min(brushed.from, brushed.to), to: Math.max(brushed.from, brushed.to) }, 'push');
    } else {
      goTo(grip.start, 'push');
    }
  };

  cancel = (e: PointerEvent): void => {
    this.#pointers.delete(e.pointerId);
    this.#grip = null;
    this.brush.value = null;
  };

  leave = (): void => {
    this.hover.value = null;
  };

  wheel = (e: WheelEvent): void => {
    e.preventDefault();
    const scale = this.#scale();
    const lines = e.deltaMode === 1 ? 16 : 1;
    const sideways = e.shiftKey ? e.deltaY || e.deltaX : e.deltaX;
    if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
      panBy(sideways * lines * msPerPixel(scale));
      return;
    }
    zoomBy(Math.exp(Math.max(-80, Math.min(80, e.deltaY * lines)) * 0.004), toTime(scale, this.#point(e).x));
  };
}

function Readout({ hover, size }: { hover: Signal<number | null>; size: Signal<Size> }) {
  if (hover.value === null) return null;
  const r = range.value;
  const bar = barAt(barData.value, hover.value);
  const x = toX(mainScale(layoutOf(size.value.width, size.value.height), r), hover.value);
  const text = bar
    ? `${plural(bar.events, 'event')}${bar.errors ? `, ${count(bar.errors)} failed` : ''}${bar.warnings ? `, ${count(bar.warnings)} warned` : ''}`
    : 'nothing recorded';
  const flip = x > size.value.width / 2;
  return (
    <div class={`readout${flip ? ' flip' : ''}`} style={flip ? { right: `${size.value.width - x}px` } : { left: `${x}px` }}>
      <b>{timeLabel(hover.value, r.to - r.from, zone.value)}</b> {text}
    </div>
  );
}

function Twin() {
  const { bars } = barData.value;
  const filled = bars.filter((b) => b.events > 0);
  return (
    <table class="vh" id="slider-twin">
      <caption>Events over time; columns without an event are left out</caption>
      <thead>
        <tr><th>Time</th><th>Events</th><th>Errors</th><th>Warnings</th></tr>
      </thead>
      <tbody>
        {filled.map((b) => (
          <tr key={b.time}>
            <td>{clock(b.time, zone.value)}</td><td>{b.events}</td><td>{b.errors}</td><td>{b.warnings}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The one sentence that a screen reader gets for the picture. */
const summary = computed(() => {
  const { bars } = barData.value;
  const events = bars.reduce((sum, b) => sum + b.events, 0);
  const errors = bars.reduce((sum, b) => sum + b.errors, 0);
  return `${plural(events, 'event')}, ${count(errors)} failed, in the range shown`;
});

function useDrawing(canvas: { current: HTMLCanvasElement | null }, size: Signal<Size>, hover: Signal<number | null>, brush: Signal<Range | null>) {
  const palette = useRef<{ shade: string; colours: Palette } | null>(null);
  useSignalEffect(() => {
    const { width, height } = size.value;
    if (palette.current?.shade !== shade.value) palette.current = { shade: shade.value, colours: readPalette() };
    const picture = {
      layout: layoutOf(width, height), range: range.value, at: at.value, a: focus.value.a, live: live.value,
      awayFrom: awaySince.value === null ? null : lastEventMs.value,
      histogram: barData.value, day: dayData.value, dayRange: dayShown.value, deploys: deployData.value,
      hover: hover.value, brush: brush.value, zone: zone.value, empty: nothingYet.value,
    };
    if (!canvas.current || width === 0) return;
    const ctx = prepare(canvas.current, width, height);
    if (ctx) drawSlider(ctx, palette.current.colours, picture);
  });
}

export function Slider() {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useSignal<Size>({ width: 0, height: 0 });
  const hover = useSignal<number | null>(null);
  const brush = useSignal<Range | null>(null);
  useDrawing(canvas, size, hover, brush);
  useEffect(() => {
    const [el, host] = [canvas.current, box.current];
    if (!el || !host) return undefined;
    const hands = new Hands(el, size, hover, brush);
    const watcher = new ResizeObserver(() => {
      size.value = { width: host.clientWidth, height: host.clientHeight };
      sliderWidth.value = Math.max(0, host.clientWidth - 32);
    });
    watcher.observe(host);
    el.addEventListener('pointerdown', hands.down);
    el.addEventListener('pointermove', hands.move);
    el.addEventListener('pointerup', hands.up);
    el.addEventListener('pointercancel', hands.cancel);
    el.addEventListener('pointerleave', hands.leave);
    el.addEventListener('wheel', hands.wheel, { passive: false });
    return () => watcher.disconnect();
  }, []);
  const known = status.value !== null && !nothingYet.value;
  return (
    <div
      class="slider" ref={box} tabIndex={0} role="slider" aria-label="Moment shown" aria-describedby="slider-twin"
      aria-valuemin={range.value.from} aria-valuemax={range.value.to} aria-valuenow={Math.round(at.value)}
      aria-valuetext={known ? `${date(at.value, zone.value)} ${clock(at.value, zone.value)}${stand.value === null ? ', live' : ''}; ${summary.value}` : 'Nothing recorded yet'}
    >
      <canvas ref={canvas} aria-hidden="true" />
      <Readout hover={hover} size={size} />
      <Twin />
    </div>
  );
}
