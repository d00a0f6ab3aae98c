// SPDX-License-Identifier: Apache-2.0
// A small past to look at: ten minutes of checkouts through three services, of which the last five fail
// because the database does. One checkout a second, so that ten seconds always hold some.

const hex = (n, digits) => n.toString(16).padStart(digits, '0');

export const SECONDS = 600;
export const FAILS_FROM = 300;

/** The events of checkout number `i`, which began at `ms`. */
function checkout(i, ms) {
  const failed = i >= FAILS_FROM;
  const traceId = hex(i + 1, 32);
  const ids = [1, 2, 3].map((n) => hex((i + 1) * 16 + n, 16));
  const span = (n, service, name, durationMs) => ({
    type: 'span', timestamp: new Date(ms + n * 2).toISOString(), service, name, durationMs, traceId, spanId: ids[n],
    ...(n > 0 ? { parentSpanId: ids[n - 1] } : {}), kind: 'server', status: failed ? 'error' : 'ok',
    attributes: { 'http.status_code': failed ? 503 : 200 },
  });
  const spans = [
    span(0, 'gateway', 'POST /checkout', failed ? 900 : 40), span(1, 'orders', 'place order', failed ? 890 : 30),
    span(2, 'orders-db', 'pool.acquire', failed ? 880 : 5),
  ];
  if (!failed) return spans;
  return [...spans, {
    type: 'log', severity: 'ERROR', timestamp: new Date(ms + 884).toISOString(), service: 'orders-db', traceId, spanId: ids[2],
    message: 'no connection after 880 ms: pool 100 of 100 in use',
  }];
}

/** All of it, from `start` (epoch ms) on. */
export function pastEvents(start) {
  const deploy = { type: 'deploy', timestamp: new Date(start + 240_000).toISOString(), service: 'orders', name: 'orders 2.0.0', attributes: { version: '2.0.0' } };
  const checkouts = Array.from({ length: SECONDS }, (_, i) => checkout(i, start + i * 1000)).flat();
  return [deploy, ...checkouts];
}
