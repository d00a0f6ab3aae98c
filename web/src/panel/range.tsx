// SPDX-License-Identifier: Apache-2.0
//
// What the range up to t holds, by service and by type: the way into a filter.
import type { TableAnswer } from '../api/types';
import { TimeqlButton } from '../components/timeql';
import { PanelTrouble } from '../components/trouble';
import { count } from '../format/numbers';
import { oneLine } from '../format/text';
import { all, literal, whereClause, windowOf } from '../timeql/text';
import { change, condition, focus, now, range } from '../state/store';
import { useAsking } from './use-asking';

const PACE = 3000;

function statement(field: string): string {
  const { from } = range.peek();
  const to = focus.peek().at ?? now();
  return `SELECT ${field}, count(*) AS n FROM events ${windowOf(Math.min(from, to - 1), to)}${whereClause(focus.peek().where)} GROUP BY ${field}`;
}

function Counts({ title, field }: { title: string; field: string }) {
  const where = condition.value;
  const asking = useAsking<TableAnswer>(() => statement(field), `${field} ${where}`, PACE);
  const answer = asking.answer.value?.data;
  const name = answer?.columns.findIndex((c) => c.name === field) ?? -1;
  const n = answer?.columns.findIndex((c) => c.name === 'n') ?? -1;
  const rows = (answer?.rows ?? [])
    .map((r) => ({ name: String(r[name] ?? ''), n: Number(r[n] ?? 0) }))
    .filter((r) => r.name !== '')
    .sort((a, b) => b.n - a.n);
  const most = rows[0]?.n ?? 1;
  return (
    <section>
      <h3>{title}<span class="push"><TimeqlButton statement={asking.answer.value?.statement ?? null} /></span></h3>
      <PanelTrouble asking={asking} statement={statement(field)} />
      {answer && rows.length === 0 ? <p class="none">No event in the range up to t.</p> : null}
      <div class="counts">
        {rows.slice(0, 60).map((r) => (
          <button key={r.name} type="button" onClick={() => change({ where: all(where, `${field} = ${literal(r.name)}`) })}>
            <span class="name">{oneLine(r.name)}</span>
            <span class="share"><i style={{ width: `${(r.n / most) * 100}%` }} /></span>
            <span class="n">{count(r.n)}</span>
          </button>
        ))}
      </div>
    </section>
  );
}

export function RangePanel() {
  return (
    <aside class="panel idle" aria-label="What the range holds">
      <div class="head"><h2>In this range</h2></div>
      <div class="scroll body">
        <Counts title="Types" field="eventType" />
        <Counts title="Services" field="service" />
      </div>
    </aside>
  );
}
