// SPDX-License-Identifier: Apache-2.0
//
// A small line of real points, from zero, with a dot at t. Gaps in the data are gaps in the line.

interface Props {
  points: { x: number; y: number | null }[];
  width?: number;
  height?: number;
  tone?: 'ink' | 'fail';
  label: string;
  /** The highest value of the scale, where several sparks share one. */
  most?: number;
}

const COLOURS = { ink: 'var(--ink2)', fail: 'var(--fail-mark)' } as const;

export function Spark({ points, width = 80, height = 16, tone = 'ink', label, most }: Props) {
  const known = points.filter((p) => p.y !== null);
  if (known.length < 2) return null;
  const top = Math.max(most ?? 0, ...known.map((p) => p.y ?? 0)) || 1;
  const x = (share: number): number => 1 + share * (width - 5);
  const y = (v: number): number => height - 2 - (v / top) * (height - 4);
  let path = '';
  let pen = 'M';
  for (const p of points) {
    if (p.y === null) {
      pen = 'M';
      continue;
    }
    path += `${pen}${x(p.x).toFixed(1)} ${y(p.y).toFixed(1)}`;
    pen = 'L';
  }
  const last = known[known.length - 1];
  return (
    <svg class="spark" width={width} height={height} role="img" aria-label={label}>
      <path d={path} fill="none" stroke={COLOURS[tone]} stroke-width="1.25" stroke-linejoin="round" />
      {last ? <circle cx={x(last.x)} cy={y(last.y ?? 0)} r="2" fill={COLOURS[tone]} /> : null}
    </svg>
  );
}
