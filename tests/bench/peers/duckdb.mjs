// SPDX-License-Identifier: Apache-2.0
// DuckDB in this process, on one thread: its processor time is the process's own.
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const columns = `{id:'VARCHAR', ts:'BIGINT', service:'VARCHAR', type:'VARCHAR', name:'VARCHAR', traceId:'VARCHAR',
  spanId:'VARCHAR', parentId:'VARCHAR', durationNs:'BIGINT', status:'VARCHAR', host:'VARCHAR',
  attrs:'STRUCT("http.status_code" INT, "http.route" VARCHAR, "user.id" VARCHAR, "db.rows" INT, cpu DOUBLE)'}`;
const lines = (path) => `read_json('${path}', format='newline_delimited', columns=${columns})`;

export async function open(folder) {
  const path = join(folder, 'duck.db');
  let instance = null, connection = null;
  async function close() {
    connection?.closeSync();
    instance?.closeSync();
    connection = instance = null;
    rmSync(path, { force: true });
    rmSync(`${path}.wal`, { force: true });
  }
  async function fresh() {
    await close();
    instance = await DuckDBInstance.create(path);
    connection = await instance.connect();
    await connection.run('SET threads = 1');
  }
  const rows = async (sql) => (await connection.runAndReadAll(sql)).getRows();
  await fresh();
  const version = (await rows('SELECT version()'))[0][0];
  return {
    name: 'DuckDB, one thread',
    version,
    close,
    async load({ nested, append = false }) {
      if (!append) await fresh();
      const before = process.cpuUsage(), from = performance.now();
      await connection.run(append ? `INSERT INTO ev SELECT * FROM ${lines(nested)}` : `CREATE TABLE ev AS SELECT * FROM ${lines(nested)}`);
      await connection.run('CHECKPOINT');
      const { user, system } = process.cpuUsage(before);
      return { seconds: (performance.now() - from) / 1e3, cpu: (user + system) / 1e6 };
    },
    bytes: async () => statSync(path).size,
    /** Milliseconds of each statement. */
    async ask(statements) {
      const times = [];
      for (const sql of statements) {
        const from = performance.now();
        await rows(sql);
        times.push(performance.now() - from);
      }
      return times;
    },
  };
}
