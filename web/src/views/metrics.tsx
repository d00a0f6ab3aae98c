// SPDX-License-Identifier: Apache-2.0
//
// One service's figures over the range: requests, failures, latency, and every number that its metric events carry; what was
// unusual in them, and from t on how they are likely to go on. Nothing later than t is asked for.
import { computed } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { AnomaliesAnswer, PredictAnswer, ServiceState, TableAnswer } from '../api/types';
import { Chart, type ChartSeries, type Forecast } from '../components/chart';
import { Glyph, healthOf } from '../components/glyph';
import { TimeqlButton } from '../components/timeql';
import { PanelTrouble, notesOf } from '../components/trouble';
import { bytes, duration, percent, rate, value } from '../format/numbers';
import { oneLine } from '../format/text';
import { SECOND, clock, parseTime, stepFor, stepText } from '../format/time';
import { system } from '../state/data';
import type { Range } from '../state/focus';
import { zone } from '../state/prefs';
import { byConcern } from '../state/services';
import { at, entity, focus, goTo, live, range, select, stand } from '../state/store';
import { anomaliesOf, columnPoints, forecastOf, metricsOf, requestsOf, stepsOf } from '../timeql/metrics';
import { useAsking } from '../panel/use-asking';

const MOST_METRICS = 12;
const MOST_POINTS = 120;

interface Drawn {
  title: string;
  fields: string[];
  series: ChartSeries[];
  print: (v: number | null | undefined) => string;
}

/** The window that is asked for: the range, up to t, in whole steps. As text, so that it is new only when it differs. */
const windowText = computed(() => {
  const r = range.value;
  const step = Math.max(SECOND, stepFor(r.to - r.from, MOST_POINTS));
  const from = Math.floor(r.from / step) * step;
  const to = Math.max(Math.floor(Math.min(at.value, r.to) / step) * step, from + step);
  return `${from} ${to} ${step}`;
});

function asked(): { from: number; to: number; step: number } {
  const [from = 0, to = 0, step = SECOND] = windowText.value.split(' ').map(Number);
  return { from, to, step };
}

/** How a metric is written, by what its name says of its unit. */
function printOf(name: string): (v: number | null | undefined) => string {
  if (/bytes$|\.(limit|usage|available)$/i.test(name)) return bytes;
  if (/utilization$|pressure\./i.test(name)) return percent;
  return value;
}

function requestCharts(all: TableAnswer | undefined, failed: TableAnswer | undefined, steps: number[], step: number): Drawn[] {
  const n = columnPoints(all, 'n', steps, 0);
  const bad = columnPoints(failed, 'n', steps, 0);
  if (n.every((p) => p.value === 0)) return [];
  const share = n.map((p, i) => ({ time: p.time, value: p.value ? (bad[i]?.value ?? 0) / p.value : null }));
  const perSecond = n.map((p) => ({ time: p.time, value: (p.value ?? 0) / (step / SECOND) }));
  return [
    { title: 'requests', fields: ['requestRate'], series: [{ name: 'requests', points: perSecond }], print: rate },
    { title: 'failed', fields: ['errorRate'], series: [{ name: 'failed', points: share }], print: percent },
    {
      title: 'latency', fields: ['latency', 'latency_p95', 'latency_p50', 'latency_p99'], print: duration,
      series: ['p95', 'p50', 'p99'].map((q) => ({ name: q, points: columnPoints(all, q, steps, null) })),
    },
  ];
}

function metricCharts(answer: TableAnswer | undefined, names: string[], steps: number[]): Drawn[] {
  return names.map((name, i) => ({
    title: name, fields: [name], print: printOf(name), series: [{ name, points: columnPoints(answer, `m${i}`, steps, null) }],
  }));
}

function oddIn(answer: AnomaliesAnswer | undefined, fields: string[]): Range[] {
  return (answer?.anomalies ?? []).flatMap((a) => {
    const [from, to] = [parseTime(a.start), parseTime(a.end)];
    return a.field !== null && fields.includes(a.field) && from !== null && to !== null ? [{ from, to }] : [];
  });
}

function aheadOf(answer: PredictAnswer | undefined, fields: string[]): Forecast | null {
  const found = answer?.predictions.find((p) => fields.includes(p.field));
  if (!found) return null;
  const points = found.points.flatMap((p) => {
    const time = parseTime(p.time);
    return time === null ? [] : [{ ...p, time }];
  });
  return { points };
}

function Choice({ services, name }: { services: ServiceState[]; name: string }) {
  return (
    <select class="field" aria-label="Service" value={name} onChange={(e) => select({ kind: 'service', name: e.currentTarget.value })}>
      {services.map((s) => <option key={s.service} value={s.service}>{oneLine(s.service)}</option>)}
    </select>
  );
}

/** From t to the range's end, where there is room for it; rounded up, so that it does not change with every tick. */
function forecastAsked(name: string): string | null {
  const t = stand.value;
  const left = t === null ? 0 : asked().step * Math.ceil((range.peek().to - t) / asked().step);
  return t === null || left < 2 * SECOND ? null : forecastOf(name, t, left);
}

function Charts({ name, state }: { name: string; state: ServiceState | undefined }) {
  const names = Object.entries(state?.metrics ?? {}).filter(([, v]) => typeof v === 'number').map(([k]) => k).sort().slice(0, MOST_METRICS);
  const r = range.value;
  const window = (): [number, number, number] => {
    const { from, to, step } = asked();
    return [from, to - 1, step];
  };
  const requests = useAsking<TableAnswer>(() => requestsOf(name, ...window()), `requests ${name}`);
  const failures = useAsking<TableAnswer>(() => requestsOf(name, ...window(), true), `failures ${name}`);
  const metrics = useAsking<TableAnswer>(() => (names.length ? metricsOf(name, names, ...window()) : null), `metrics ${name} ${names.join()}`);
  const odd = useAsking<AnomaliesAnswer>(() => anomaliesOf(name, asked().from, asked().to), `odd ${name}`);
  const ahead = useAsking<PredictAnswer>(() => forecastAsked(name), `ahead ${name}`);
  const w = asked();
  const steps = stepsOf(w.from, w.to, w.step);
  const drawn = [
    ...requestCharts(requests.answer.value?.data, failures.answer.value?.data, steps, w.step),
    ...metricCharts(metrics.answer.value?.data, names, steps),
  ];
  const health = healthOf(state?.health);
  const said = [notesOf(odd.answer.value?.data), notesOf(ahead.answer.value?.data)].filter(Boolean).join('; ');
  return (
    <div class="scroll">
      <PanelTrouble asking={requests} statement={requestsOf(name, ...window())} />
      {requests.answer.value && drawn.length === 0 ? <p class="quiet">No request and no metric of {oneLine(name)} in this range, up to {clock(at.value, zone.value)}.</p> : null}
      <div class="charts">
        {drawn.map((d) => (
          <Chart
            key={d.title} label={`${d.title} of ${name}`} series={d.series} range={r} at={at.value} a={focus.value.a} print={d.print}
            anomalies={oddIn(odd.answer.value?.data, d.fields)} forecast={live.value ? null : aheadOf(ahead.answer.value?.data, d.fields)}
            zone={zone.value} onPick={(ms) => goTo(Math.round(ms))}
            head={<span class="with-glyph"><Glyph health={health} label={false} /><b>{oneLine(name)}</b> <span class="what">{oneLine(d.title)}</span></span>}
          />
        ))}
      </div>
      {said ? <p class="quiet">{said}.</p> : null}
    </div>
  );
}

export function MetricsView() {
  const services = useMemo(() => computed(() => [...(system.answer.value?.data.services ?? [])].sort(byConcern)), []);
  const chosen = entity.value;
  const name = (chosen?.kind === 'service' || chosen?.kind === 'why' ? chosen.name : null) ?? services.value[0]?.service ?? null;
  const { from, to, step } = asked();
  return (
    <section class="main metrics" aria-label="Metrics">
      <div class="head">
        <h1>Metrics</h1>
        {name ? <Choice services={services.value} name={name} /> : null}
        <span class="note">{clock(from, zone.value)} to {clock(to, zone.value)}, {stepText(step)} steps</span>
        <span class="end">{name ? <TimeqlButton statement={requestsOf(name, from, to - 1, step)} /> : null}</span>
      </div>
      {name ? <Charts key={name} name={name} state={services.value.find((s) => s.service === name)} /> : <p class="quiet">No service had sent anything by then.</p>}
    </section>
  );
}
