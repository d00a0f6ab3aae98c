// SPDX-License-Identifier: Apache-2.0
//
// What the daemon answers, as far as the page reads it. Every field that may be missing says so here;
// the views show "–" for it and never fill it in.

export interface EventRow {
  arrival: string;
  eventId?: string;
  timestamp: string;
  service: string;
  instance?: string;
  host?: string;
  eventType: string;
  name?: string;
  traceId?: string;
  spanId?: string;
  parentSpanId?: string;
  kind?: string;
  durationNs?: number;
  status?: string;
  severity?: string | number;
  message?: string;
  causedBy?: string[];
  attributes?: Record<string, unknown>;
}

export interface Answer {
  type: string;
  window?: { from: string; to: string } | null;
  warnings?: Warning[];
  truncated?: boolean;
  scanned?: { segments?: number; events?: number; bytes?: number };
  tookMs?: number;
}

export type Warning = string | { message?: string; hint?: string };

export type Health = 'healthy' | 'anomalous' | 'failing' | 'silent' | 'unknown';

/** A learned range, [low, high] or {low, high}; null while nothing is learned. */
export type Usual = number | [number, number] | { low: number; high: number } | null;

/** Nanoseconds. */
export interface Quantiles {
  p50?: number | null;
  p95?: number | null;
  p99?: number | null;
}

export interface ServiceState {
  service: string;
  instances?: (string | { instance?: string; name?: string; health?: Health; version?: string })[];
  health: Health;
  version?: string | null;
  changedAt?: string | null;
  lastEvent?: string | { timestamp?: string } | null;
  metrics?: Record<string, unknown>;
  errorRate?: number | null;
  requestRate?: number | null;
  latency?: Quantiles | null;
  activeRequests?: number | null;
  usual?: { errorRate?: Usual; requestRate?: Usual; latency?: Usual } | null;
  since?: string | null;
  what?: string | null;
}

export interface ServiceEdge {
  from: string;
  to: string;
  kind?: string | null;
  requestRate?: number | null;
  errorRate?: number | null;
  p95?: number | null;
  newSince?: string | null;
}

export interface StateAnswer extends Answer {
  time: string;
  health?: Health | null;
  services: ServiceState[];
  edges?: ServiceEdge[];
  errors?: unknown[];
  summary?: Record<string, unknown>;
}

export interface Bucket {
  time: string;
  events: number;
  errors: number;
  warnings: number;
}

export interface TimelineAnswer extends Answer {
  events?: EventRow[];
  buckets?: Bucket[];
  summary?: {
    totalEvents?: number;
    eventsPerSecond?: number;
    services?: unknown;
    eventTypes?: unknown;
  };
}

export interface TraverseEvent extends EventRow {
  depth?: number;
  confidence?: number;
}

export interface TraverseAnswer extends Answer {
  root?: string | EventRow | null;
  events: TraverseEvent[];
  edges?: { from: string; to: string; type: string; confidence?: number }[];
  confidence?: number;
}

export interface Evidence {
  signal: string;
  value?: number | null;
  usual?: number | null;
  weight?: number | null;
  text?: string | null;
  series?: { time: string; value: number | null }[];
}

export interface Cause {
  rank: number;
  service: string | null;
  instance?: string | null;
  host?: string | null;
  kind?: string | null;
  change?: { eventId?: string | null; name?: string | null; version?: string | null; commit?: string | null } | null;
  confidence: number;
  onset?: string | null;
  summary?: string | null;
  path?: string[];
  evidence?: Evidence[];
  against?: string[];
}

export interface RootCauseAnswer extends Answer {
  symptom: { service: string | null; onset: string | null };
  causes: Cause[];
  impact?: { service: string; requests: number; failed: number; slow: number }[];
}

export interface AnomaliesAnswer extends Answer {
  anomalies?: {
    service: string | null;
    instance: string | null;
    field: string | null;
    start: string;
    end: string;
    score: number | null;
    value: number | null;
    expected: number | null;
  }[];
}

export interface PredictAnswer extends Answer {
  predictions: {
    field: string;
    service: string | null;
    points: { time: string; value: number | null; low: number | null; high: number | null }[];
    method: string;
    backtestError: number | null;
  }[];
}

export interface CompareSide {
  from: string;
  to: string;
  time?: string;
  health: Health;
  services: ServiceState[];
  summary: Record<string, unknown>;
}

export interface ErrorKind {
  service: string;
  eventType: string;
  message: string | null;
  count: number;
  first: string;
  last: string;
  event?: string | null;
}

export interface MetricChange {
  service: string;
  metric: string;
  before: number | null;
  after: number | null;
  change: number | null;
  changePercent: number | null;
}

export interface CompareAnswer extends Answer {
  before: CompareSide;
  after: CompareSide;
  changes: {
    services: {
      added: string[];
      removed: string[];
      modified: { service: string; fields: { field: string; before: string | null; after: string | null }[] }[];
    };
    metrics: MetricChange[];
    errors: { added: ErrorKind[]; resolved: ErrorKind[] };
  };
}

export interface Column {
  name: string;
  type?: string;
  unit?: string | null;
}

export interface TableAnswer extends Answer {
  columns: Column[];
  rows: unknown[][];
}

export interface ErrorBody {
  code?: string;
  message?: string;
  position?: { offset?: number; line?: number; column?: number } | null;
  expected?: string[];
  hint?: string | null;
  candidates?: unknown;
}
