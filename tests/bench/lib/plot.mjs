// SPDX-License-Identifier: Apache-2.0
// A line chart as SVG, logarithmic on both axes, readable on light and dark ground.

const WIDTH = 800, PANEL = 300, LEFT = 64, RIGHT = 240, TOP = 34, BOTTOM = 40;
const colours = ['#3b76c4', '#d1722b', '#3f9c56', '#b8435a', '#7d62b8', '#8a7a2f', '#2f9a9a', '#777777'];

/** The values 1, 2 and 5 times a power of ten from `low` to `high`. */
function marks(low, high) {
  const found = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++)
    for (const step of [1, 2, 5]) if (step * 10 ** power >= low * 0.999 && step * 10 ** power <= high * 1.001) found.push(step * 10 ** power);
  return found;
}

function scale(values, from, to) {
  let low = Math.min(...values) / 1.15, high = Math.max(...values) * 1.15;
  if (high / low < 4) [low, high] = [low / 2, high * 2];
  const at = (value) => from + ((Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (to - from);
  return { at, marks: marks(low, high) };
}

const text = (x, y, label, more = '') => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${label}</text>`;

/** Labels at the right end of their lines, moved apart where they would cover each other. */
function spread(ends) {
  const sorted = [...ends].sort((a, b) => a.y - b.y);
  for (let i = 1; i < sorted.length; i++) sorted[i].y = Math.max(sorted[i].y, sorted[i - 1].y + 14);
  return sorted;
}

/** One panel: series of {name, points: [[x, y]]} with x in millions of events. */
function panel({ title, unit, series }, index) {
  const top = index * PANEL + TOP, bottom = top + PANEL - TOP - BOTTOM, right = WIDTH - RIGHT;
  const all = series.flatMap((one) => one.points);
  const x = scale(all.map((point) => point[0]), LEFT, right), y = scale(all.map((point) => point[1]), bottom, top);
  const ticks = [...new Set(all.map((point) => point[0]))].sort((a, b) => a - b);
  const parts = [text(LEFT, top - 12, title, 'class="title"')];
  for (const mark of y.marks)
    parts.push(`<line class="grid" x1="${LEFT}" x2="${right}" y1="${y.at(mark).toFixed(1)}" y2="${y.at(mark).toFixed(1)}"/>`, text(LEFT - 6, y.at(mark) + 4, `${mark}`, 'text-anchor="end"'));
  for (const tick of ticks) parts.push(text(x.at(tick), bottom + 16, `${tick}`, 'text-anchor="middle"'));
  parts.push(text((LEFT + right) / 2, bottom + 32, `million events · ${unit}`, 'text-anchor="middle"'));
  const ends = series.map((one, i) => {
    const colour = colours[i % colours.length], places = one.points.map(([a, b]) => `${x.at(a).toFixed(1)},${y.at(b).toFixed(1)}`);
    parts.push(`<polyline points="${places.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const place of places) parts.push(`<circle cx="${place.split(',')[0]}" cy="${place.split(',')[1]}" r="3" fill="${colour}"/>`);
    const last = one.points.at(-1);
    return { y: y.at(last[1]) + 4, label: `${one.name} ${last[1]}`, colour };
  });
  for (const end of spread(ends)) parts.push(text(right + 10, end.y, end.label, `fill="${end.colour}"`));
  return parts.join('\n');
}

/** The panels below each other, with a line of small print. */
export function chart(panels, note) {
  const height = panels.length * PANEL + 24;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<style>text { font: 12px system-ui, sans-serif } text:not([fill]) { fill: #777777 } .title { font-weight: 600; font-size: 14px } .grid { stroke: #99999955 }</style>
${panels.map(panel).join('\n')}
${text(LEFT, height - 8, note)}
</svg>
`;
}
