// SPDX-License-Identifier: Apache-2.0
// A shop of two services as people write them, with Express, pg and pino; all it knows of tracing is how
// to record an exception. The tests start
// it under OpenTelemetry's auto-instrumentation: ROLE=api asks PostgreSQL, ROLE=web asks the api at API_URL.
const { trace } = require('@opentelemetry/api');
const express = require('express');
const http = require('node:http');
const pino = require('pino');

const log = pino({ level: 'info' }, pino.destination('/dev/null'));
const app = express();

/** A GET that resolves with the answer's status and text. */
const get = (url) => new Promise((resolve, reject) => {
  http.get(url, (answer) => {
    let text = '';
    answer.on('data', (part) => { text += part; }).on('end', () => resolve({ status: answer.statusCode, text }));
  }).on('error', reject);
});

function addApi() {
  const { Pool } = require('pg');
  const pool = new Pool({ connectionTimeoutMillis: 2000, max: 4 });
  pool.on('error', () => {});
  app.get('/items/:id', async (request, response, next) => {
    try {
      const { rows } = await pool.query('SELECT name, price FROM items WHERE id = $1', [Number(request.params.id)]);
      log.info({ item: request.params.id }, 'item served');
      response.json(rows);
    } catch (error) {
      next(error);
    }
  });
}

function addWeb() {
  app.get('/cart/:id', async (request, response) => {
    const answer = await get(`${process.env.API_URL}/items/${request.params.id}`);
    response.status(answer.status === 200 ? 200 : 502).send(answer.text);
  });
}

(process.env.ROLE === 'api' ? addApi : addWeb)();
app.use((error, request, response, _next) => {
  trace.getActiveSpan()?.recordException(error);
  log.error({ err: error }, 'request failed');
  response.status(500).json({ error: error.message });
});
const server = app.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
process.on('SIGTERM', () => server.close());
