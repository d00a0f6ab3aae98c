// SPDX-License-Identifier: Apache-2.0
//
// The slider's picture, drawn whole each time: a few hundred rectangles cost less than knowing which
// changed. What came after t is washed last, so that every layer below obeys "you stand at t".
import { axisLabel, clock, clockMs, MINUTE, type Zone } from '../format/time';
import type { Bar, Deploy, Histogram } from '../state/data';
import type { Range } from '../state/focus';
import type { Palette } from './palette';
import { column, scaleOf, ticks, toX, type Scale } from './scale';

export interface Layout {
  width: number;
  height: number;
  left: number;
  right: number;
  flags: number;
  barsTop: number;
  barsBottom: number;
  axis: number;
  overview: { top: number; bottom: number } | null;
}

export function layoutOf(width: number, height: number): Layout {
  const tall = height >= 140;
  return {
    width, height, left: 16, right: width - 16,
    flags: 4,
    barsTop: tall ? 28 : 14,
    barsBottom: tall ? 88 : height - 22,
    axis: tall ? 104 : height - 18,
    overview: tall ? { top: 122, bottom: 138 } : null,
  };
}

export interface Picture {
  layout: Layout;
  range: Range;
  at: number;
  /** The moment that t is compared with. */
  a: number | null;
  live: boolean;
  /** What lies after it has not been recorded; hatched when the daemon is away. */
  awayFrom: number | null;
  histogram: Histogram;
  day: Histogram;
  dayRange: Range;
  deploys: Deploy[];
  hover: number | null;
  brush: Range | null;
  zone: Zone;
  empty: boolean;
}

type Ctx = CanvasRenderingContext2D;

export function mainScale(layout: Layout, range: Range): Scale {
  return scaleOf(range, layout.left, layout.right);
}

const DAY_LABEL_WIDTH = 36;

export function dayScale(layout: Layout, range: Range): Scale {
  return scaleOf(range, layout.left + DAY_LABEL_WIDTH, layout.right);
}

export function timeLabel(ms: number, span: number, zone: Zone): string {
  return span < MINUTE ? clockMs(ms, zone) : clock(ms, zone);
}

function clipTo(ctx: Ctx, scale: Scale, top: number, bottom: number, draw: () => void): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(scale.left, top, scale.right - scale.left, bottom - top);
  ctx.clip();
  draw();
  ctx.restore();
}

/** INFO above WARN above errors; the errors rooted at the axis, a gap of one pixel over them. */
function drawBar(ctx: Ctx, p: Palette, bar: Bar, x: number, width: number, bottom: number, perEvent: number): void {
  const failed = bar.errors > 0 ? Math.max(2, Math.round(bar.errors * perEvent)) : 0;
  const gap = failed > 0 ? 1 : 0;
  const warned = bar.warnings > 0 ? Math.max(1, Math.round(bar.warnings * perEvent)) : 0;
  const total = Math.max(bar.events > 0 ? 1 : 0, Math.round(bar.events * perEvent));
  const info = Math.max(0, total - failed - gap - warned);
  let y = bottom;
  const stack: [number, string][] = [[failed, p.failMark], [gap, ''], [warned, p.vol2], [info, p.line2]];
  for (const [height, colour] of stack) {
    y -= height;
    if (colour === '' || height === 0) continue;
    ctx.fillStyle = colour;
    ctx.fillRect(x, y, width, height);
  }
}

function drawBars(ctx: Ctx, p: Palette, h: Histogram, scale: Scale, top: number, bottom: number): void {
  const shown = h.bars.filter((b) => b.time + h.step >= scale.from && b.time <= scale.to);
  const most = shown.reduce((m, b) => Math.max(m, b.events), 0);
  if (most === 0) return;
  const perEvent = (bottom - top) / most;
  clipTo(ctx, scale, top, bottom, () => {
    for (const bar of shown) {
      const c = column(scale, bar.time, h.step);
      drawBar(ctx, p, bar, c.x, c.width, bottom, perEvent);
    }
  });
}

function drawAxis(ctx: Ctx, p: Palette, pic: Picture, scale: Scale): void {
  const { layout } = pic;
  ctx.fillStyle = p.line;
  ctx.fillRect(layout.left, layout.barsBottom, layout.right - layout.left, 1);
  ctx.fillStyle = p.ink3;
  ctx.font = `400 11px ${p.sans}`;
  ctx.textBaseline = 'middle';
  const { step, times } = ticks(scale, layout.overview ? 120 : 88, pic.zone);
  const chipSpan = chipBox(ctx, p, timeLabel(pic.at, pic.range.to - pic.range.from, pic.zone), toX(scale, pic.at), layout);
  ctx.font = `400 11px ${p.sans}`;
  for (const t of times) {
    const text = axisLabel(t, step, pic.zone);
    const half = ctx.measureText(text).width / 2;
    const x = Math.min(Math.max(toX(scale, t), layout.left + half), layout.right - half);
    ctx.fillStyle = p.line2;
    ctx.fillRect(Math.round(toX(scale, t)), layout.barsBottom, 1, 4);
    if (x + half + 4 > chipSpan.left && x - half - 4 < chipSpan.left + chipSpan.width) continue;
    ctx.fillStyle = p.ink3;
    ctx.textAlign = 'center';
    ctx.fillText(text, x, layout.axis + 8);
  }
}

function drawFlag(ctx: Ctx, p: Palette, x: number, y: number): void {
  ctx.fillStyle = p.ink;
  ctx.fillRect(x, y, 1.5, 12);
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x + 9, y);
  ctx.lineTo(x + 7, y + 3.5);
  ctx.lineTo(x + 9, y + 7);
  ctx.lineTo(x, y + 7);
  ctx.fill();
}

interface FlagGroup {
  x: number;
  deploys: Deploy[];
}

/** Flags closer than a flag's width become one. */
function flagGroups(deploys: Deploy[], scale: Scale): FlagGroup[] {
  const groups: FlagGroup[] = [];
  for (const deploy of [...deploys].sort((a, b) => a.time - b.time)) {
    if (deploy.time < scale.from || deploy.time > scale.to) continue;
    const x = Math.round(toX(scale, deploy.time));
    const last = groups[groups.length - 1];
    if (last && x - last.x < 14) last.deploys.push(deploy);
    else groups.push({ x, deploys: [deploy] });
  }
  return groups;
}

function flagText(group: FlagGroup): string {
  const [first] = group.deploys;
  if (group.deploys.length > 1) return `${group.deploys.length} deploys`;
  return first ? `${first.service} ${first.version}`.trim() : '';
}

function drawFlags(ctx: Ctx, p: Palette, pic: Picture, scale: Scale): void {
  const { layout } = pic;
  const groups = flagGroups(pic.deploys, scale);
  ctx.font = `400 11px ${p.sans}`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  groups.forEach((group, i) => {
    ctx.strokeStyle = p.ink2;
    ctx.setLineDash([1, 3]);
    ctx.beginPath();
    ctx.moveTo(group.x + 0.5, layout.flags + 14);
    ctx.lineTo(group.x + 0.5, layout.barsBottom);
    ctx.stroke();
    ctx.setLineDash([]);
    drawFlag(ctx, p, group.x, layout.flags);
    if (!layout.overview) return;
    const text = flagText(group);
    const room = (groups[i + 1]?.x ?? layout.right) - group.x - 20;
    if (ctx.measureText(text).width > room) return;
    ctx.fillStyle = p.ink2;
    ctx.fillText(text, group.x + 13, layout.flags + 7);
  });
}

/** 55 % surface over all that lies after t. */
function washAfter(ctx: Ctx, p: Palette, layout: Layout, x: number): void {
  if (x >= layout.right) return;
  ctx.globalAlpha = 0.55;
  ctx.fillStyle = p.surface;
  ctx.fillRect(x, 0, layout.width - x, layout.barsBottom);
  ctx.globalAlpha = 1;
}

function hatch(ctx: Ctx, p: Palette, layout: Layout, from: number): void {
  const left = Math.max(layout.left, from);
  if (left >= layout.right) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, layout.barsTop, layout.right - left, layout.barsBottom - layout.barsTop);
  ctx.clip();
  ctx.strokeStyle = p.line2;
  ctx.beginPath();
  for (let x = left - 60; x < layout.right; x += 6) {
    ctx.moveTo(x, layout.barsBottom);
    ctx.lineTo(x + 60, layout.barsTop);
  }
  ctx.stroke();
  ctx.restore();
}

/** Where the chip with t stands on the axis. */
function chipBox(ctx: Ctx, p: Palette, text: string, x: number, layout: Layout): { left: number; width: number } {
  ctx.font = `600 11px ${p.sans}`;
  const width = Math.ceil(ctx.measureText(text).width) + 12;
  return { left: Math.min(Math.max(x - width / 2, layout.left), layout.right - width), width };
}

function drawChip(ctx: Ctx, p: Palette, text: string, x: number, layout: Layout): void {
  const { left, width } = chipBox(ctx, p, text, x, layout);
  const y = layout.axis;
  ctx.fillStyle = p.acc;
  ctx.beginPath();
  ctx.roundRect(left, y, width, 16, 2);
  ctx.fill();
  ctx.fillStyle = p.onAcc;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.fillText(text, left + width / 2, y + 8.5);
}

function drawHandle(ctx: Ctx, p: Palette, pic: Picture, x: number): void {
  const { layout } = pic;
  const knobTop = layout.overview ? 20 : 2;
  ctx.fillStyle = p.acc;
  ctx.fillRect(x - 1, knobTop, 2, layout.axis - knobTop);
  if (layout.overview) {
    ctx.beginPath();
    ctx.roundRect(x - 9, knobTop, 18, 16, 2);
    ctx.fill();
    ctx.fillStyle = p.onAcc;
    for (const dx of [-3.5, -0.5, 2.5]) ctx.fillRect(x + dx, knobTop + 5, 1, 6);
  }
  drawChip(ctx, p, timeLabel(pic.at, pic.range.to - pic.range.from, pic.zone), x, layout);
}

/** A is outlined where B, the handle, is filled. */
function drawA(ctx: Ctx, p: Palette, layout: Layout, x: number): void {
  const top = layout.overview ? 20 : 2;
  ctx.fillStyle = p.ink;
  ctx.fillRect(x - 0.5, top, 1, layout.axis - top);
  if (!layout.overview) return;
  ctx.beginPath();
  ctx.roundRect(x - 8, top, 16, 16, 2);
  ctx.fillStyle = p.surface;
  ctx.fill();
  ctx.strokeStyle = p.ink;
  ctx.lineWidth = 1.5;
  ctx.stroke();
  ctx.lineWidth = 1;
  ctx.fillStyle = p.ink;
  ctx.font = `600 11px ${p.sans}`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.fillText('A', x, top + 8.5);
}

function drawDay(ctx: Ctx, p: Palette, pic: Picture): void {
  const box = pic.layout.overview;
  if (!box || pic.dayRange.to === 0) return;
  const scale = dayScale(pic.layout, pic.dayRange);
  ctx.font = `400 11px ${p.sans}`;
  ctx.fillStyle = p.ink3;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  ctx.fillText('24 h', pic.layout.left, (box.top + box.bottom) / 2 + 0.5);
  ctx.fillStyle = p.line;
  ctx.fillRect(scale.left, box.bottom - 2, scale.right - scale.left, 1);
  drawBars(ctx, p, pic.day, scale, box.top + 3, box.bottom - 2);
  const left = Math.max(scale.left, toX(scale, pic.range.from));
  const right = Math.min(scale.right, toX(scale, pic.range.to));
  if (right < scale.left || left > scale.right) return;
  const width = Math.max(6, right - left);
  ctx.strokeStyle = p.ink;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  ctx.roundRect(Math.min(left, scale.right - width), box.top, width, box.bottom - box.top, 2);
  ctx.stroke();
  ctx.lineWidth = 1;
}

function drawEmpty(ctx: Ctx, p: Palette, layout: Layout): void {
  ctx.strokeStyle = p.line2;
  ctx.setLineDash([3, 3]);
  ctx.beginPath();
  ctx.moveTo(layout.left, layout.barsBottom + 0.5);
  ctx.lineTo(layout.right, layout.barsBottom + 0.5);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.font = `400 13px ${p.sans}`;
  ctx.fillStyle = p.ink2;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'alphabetic';
  ctx.fillText('Time begins here with your first event.', layout.width / 2, layout.barsBottom - 16);
}

function drawBrush(ctx: Ctx, p: Palette, layout: Layout, scale: Scale, brush: Range): void {
  const [a, b] = [toX(scale, brush.from), toX(scale, brush.to)];
  ctx.globalAlpha = 0.18;
  ctx.fillStyle = p.acc;
  ctx.fillRect(Math.min(a, b), layout.barsTop, Math.abs(b - a), layout.axis + 16 - layout.barsTop);
  ctx.globalAlpha = 1;
}

export function drawSlider(ctx: Ctx, p: Palette, pic: Picture): void {
  const { layout } = pic;
  if (pic.empty) {
    drawEmpty(ctx, p, layout);
    return;
  }
  const scale = mainScale(layout, pic.range);
  const x = Math.round(toX(scale, pic.at));
  drawBars(ctx, p, pic.histogram, scale, layout.barsTop, layout.barsBottom);
  drawFlags(ctx, p, pic, scale);
  if (!pic.live) washAfter(ctx, p, layout, x);
  if (pic.awayFrom !== null) hatch(ctx, p, layout, toX(scale, pic.awayFrom));
  drawAxis(ctx, p, pic, scale);
  drawDay(ctx, p, pic);
  if (pic.brush) drawBrush(ctx, p, layout, scale, pic.brush);
  if (pic.hover !== null) {
    ctx.fillStyle = p.ink3;
    ctx.fillRect(Math.round(toX(scale, pic.hover)), layout.barsTop, 1, layout.barsBottom - layout.barsTop);
  }
  if (pic.a !== null && pic.a >= pic.range.from && pic.a <= pic.range.to) drawA(ctx, p, layout, Math.round(toX(scale, pic.a)));
  if (x >= layout.left - 1 && x <= layout.right + 1) drawHandle(ctx, p, pic, x);
}

/** The bar under a moment. */
export function barAt(h: Histogram, ms: number): Bar | null {
  return h.bars.find((b) => ms >= b.time && ms < b.time + h.step) ?? null;
}

