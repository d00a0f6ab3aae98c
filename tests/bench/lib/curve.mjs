// SPDX-License-Identifier: Apache-2.0
// One daemon that grows: what ingest and each question cost at each size, and the drawing of it.
import { writeFileSync } from 'node:fs';
import { finish, machine, median, peakMiB, processorSeconds, settle, start } from './measure.mjs';
import { chart } from './plot.mjs';
import { Places, askAll, fill, questions, quietEvent } from './queries.mjs';
import { note, rate, times } from './table.mjs';

const STRETCH = 2_000_000; /* events whose rate stands for a size */

/** Rates of the last stretches before a size is reached, posted one after the other. */
async function grow(place, daemon, at, from, to) {
  const rates = [], before = processorSeconds(daemon.child.pid);
  for (let skip = from; skip < to; skip += STRETCH)
    rates.push((await fill(place, daemon, { from: skip, to: Math.min(to, skip + STRETCH), at })).perSecond);
  return { wall: median(rates.slice(-5)), cpu: (to - from) / (processorSeconds(daemon.child.pid) - before) };
}

/** After every size, for a long run may be ended before its last. */
function draw(path, ingest, answers) {
  const panels = [
    { title: 'Ingest, POST of 1000', unit: 'thousand events a second', series: [{ name: 'wall', points: ingest.wall }, { name: 'per CPU second', points: ingest.cpu }] },
    { title: 'Answers, medians', unit: 'milliseconds', series: [...answers].map(([name, points]) => ({ name, points })) },
    { title: 'Answers, processor time of each', unit: 'milliseconds', series: [...answers].map(([name, points]) => ({ name, points: points.map(([size, , cpu]) => [size, cpu]) })) },
  ];
  writeFileSync(path, chart(panels, machine()));
}

export async function run(place, { curve, plot }) {
  const daemon = await start(place), at = new Places();
  const ingest = { wall: [], cpu: [] }, answers = new Map();
  await daemon.post(quietEvent);
  let have = 0;
  for (const millions of curve) {
    const rates = await grow(place, daemon, at, have, millions * 1e6);
    have = millions * 1e6;
    const store = await settle(daemon);
    ingest.wall.push([millions, Math.round(rates.wall / 1e3)]);
    ingest.cpu.push([millions, Math.round(rates.cpu / 1e3)]);
    note(`${millions} M: ingest`, '', `${rate(rates.wall)}, ${rate(rates.cpu)} per CPU second; ${store.segments} segments, ${(store.fileBytes / have).toFixed(1)} bytes an event, peak ${peakMiB(daemon.child.pid).toFixed(0)} MiB`);
    for (const [name, figures] of Object.entries(await askAll(daemon, at))) {
      if (!answers.has(name)) answers.set(name, []);
      answers.get(name).push([millions, Number(figures.ours.toPrecision(3)), Number(figures.cpu.toPrecision(3))]);
      note(`${millions} M: ${name}`, '', `${figures.ours.toFixed(1)} ms (slowest ${figures.slowest.toFixed(1)}), ${figures.cpu.toFixed(1)} ms of processor`);
    }
    if (plot) draw(plot, ingest, answers);
  }
  const ratio = ingest.wall.at(-1)[1] / ingest.wall[0][1];
  note(`ingest at ${curve.at(-1)} M against ${curve[0]} M`, '≥ 0.9 ×', times(ratio), ratio >= 0.9);
  for (const [name, points] of answers) {
    const small = points.find(([millions]) => millions === 10)?.[1], large = points.at(-1), { most } = questions(at)[name];
    if (small && large[0] > 10) note(`${name}, ${large[0]} M against 10 M`, most ? `≤ ${1.5 * most} ms` : '', `${large[1]} ms, ${times(large[1] / small)}`, most ? large[1] <= 1.5 * most : undefined);
  }
  await finish(daemon);
}
