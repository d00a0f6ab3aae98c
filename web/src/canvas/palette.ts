// SPDX-License-Identifier: Apache-2.0
//
// A canvas cannot read custom properties: here they are, read once for each shade.
const NAMES = {
  surface: '--surface', sunken: '--sunken', line: '--line', line2: '--line2', vol2: '--vol2', ink: '--ink',
  ink2: '--ink2', ink3: '--ink3', failMark: '--fail-mark', fail: '--fail', acc: '--acc', onAcc: '--on-acc', raised: '--raised',
} as const;

export type Palette = Record<keyof typeof NAMES, string> & { sans: string };

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const palette = { sans: style.getPropertyValue('--sans').trim() } as Palette;
  for (const [key, property] of Object.entries(NAMES)) {
    palette[key as keyof typeof NAMES] = style.getPropertyValue(property).trim();
  }
  return palette;
}

/** Sizes a canvas for the screen's pixels and returns its context, scaled to CSS pixels and cleared. */
export function prepare(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const context = canvas.getContext('2d');
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}
