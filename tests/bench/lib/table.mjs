// SPDX-License-Identifier: Apache-2.0
// The report: each figure with its goal beside what was measured.

const rows = [];

/** Adds a row and prints it at once: a long run may be ended before its table. */
export function note(figure, goal, measured, met) {
  rows.push([figure, goal, measured, met === undefined ? '' : met ? 'yes' : 'no']);
  console.log(`  ${figure}: ${measured}${goal ? ` (goal ${goal})` : ''}`);
}

export function print() {
  const all = [['figure', 'goal', 'measured', 'met'], ...rows];
  const widths = all[0].map((_, i) => Math.max(...all.map((row) => row[i].length)));
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  console.log(`\n${line(all[0])}\n|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|\n${all.slice(1).map(line).join('\n')}`);
}

export const rate = (perSecond) => (perSecond >= 1e6 ? `${(perSecond / 1e6).toFixed(2)} M/s` : `${Math.round(perSecond / 1e3)} k/s`);
export const times = (ratio) => `${ratio.toFixed(2)} ×`;
