// SPDX-License-Identifier: Apache-2.0
// The sqlite3 shell: lines into one text column, then a column for every field, three indexes, VACUUM.
import { execFileSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { childrenSeconds } from '../lib/measure.mjs';

export async function open(folder) {
  const path = join(folder, 'sqlite.db');
  return {
    name: 'sqlite3 .import',
    version: execFileSync('sqlite3', ['--version'], { encoding: 'utf8' }).split(' ')[0],
    async load({ nested }) {
      rmSync(path, { force: true });
      const before = childrenSeconds(), from = performance.now();
      execFileSync('sqlite3', [path], { input: `.mode ascii
.separator "\\037" "\\n"
CREATE TABLE raw(j TEXT);
.import ${nested} raw
CREATE TABLE ev AS SELECT j->>'$.id' id, j->>'$.ts' ts, j->>'$.service' service, j->>'$.type' type, j->>'$.name' name,
  j->>'$.traceId' traceId, j->>'$.spanId' spanId, j->>'$.parentId' parentId, j->>'$.durationNs' durationNs,
  j->>'$.status' status, j->>'$.host' host, j->>'$.attrs."http.status_code"' http_status_code,
  j->>'$.attrs."http.route"' http_route, j->>'$.attrs."user.id"' user_id, j->>'$.attrs."db.rows"' db_rows,
  j->>'$.attrs.cpu' cpu FROM raw;
DROP TABLE raw;
CREATE INDEX a ON ev(ts); CREATE INDEX b ON ev(traceId); CREATE INDEX c ON ev(service, ts);
VACUUM;
` });
      return { seconds: (performance.now() - from) / 1e3, cpu: childrenSeconds() - before };
    },
    bytes: async () => statSync(path).size,
    close: async () => rmSync(path, { force: true }),
  };
}
