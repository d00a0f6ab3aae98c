// SPDX-License-Identifier: Apache-2.0
//
// Events of one service around t, errors rooted at the axis; what came after t is left out.
import type { TimelineAnswer } from '../api/types';
import { count, plural } from '../format/numbers';
import { clock, parseTime } from '../format/time';
import { zone } from '../state/prefs';

const WIDTH = 368;
const HEIGHT = 48;

export function Bars({ answer, from, to, step, label }: { answer: TimelineAnswer; from: number; to: number; step: number; label: string }) {
  const bars = (answer.buckets ?? []).flatMap((b) => {
    const time = parseTime(b.time);
    return time === null || b.events === 0 ? [] : [{ ...b, at: time }];
  });
  const most = Math.max(1, ...bars.map((b) => b.events));
  const scale = WIDTH / (to - from);
  const events = bars.reduce((s, b) => s + b.events, 0);
  const errors = bars.reduce((s, b) => s + b.errors, 0);
  return (
    <figure class="bars">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${label}: ${plural(events, 'event')}, ${count(errors)} failed`}>
        {bars.map((b) => {
          const x = (b.at - from) * scale;
          const width = Math.max(1, step * scale - 1);
          const full = Math.max(1, (b.events / most) * (HEIGHT - 2));
          const red = b.errors === 0 ? 0 : Math.max(2, (b.errors / most) * (HEIGHT - 2));
          return (
            <g key={b.at}>
              <title>{`${clock(b.at, zone.value)}: ${plural(b.events, 'event')}, ${count(b.errors)} failed`}</title>
              <rect x={x} y={HEIGHT - full} width={width} height={Math.max(0, full - red - (red ? 1 : 0))} fill="var(--line2)" />
              {red ? <rect x={x} y={HEIGHT - red} width={width} height={red} fill="var(--fail-mark)" /> : null}
            </g>
          );
        })}
        <path d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} stroke="var(--line)" />
      </svg>
      <figcaption><span>{clock(from, zone.value)}</span><span>{plural(events, 'event')}, {count(errors)} failed</span><span>{clock(to, zone.value)}</span></figcaption>
    </figure>
  );
}
