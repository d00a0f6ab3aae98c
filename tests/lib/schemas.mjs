// SPDX-License-Identifier: Apache-2.0
// The schemas of docs/schemas, compiled; validate(document) throws if it is not of its type's shape.
import Ajv from 'ajv/dist/2020.js';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = process.env.TRAVERSION_SOURCE ?? new URL('../..', import.meta.url).pathname;
const folder = join(root, 'docs/schemas');
// strictRequired and strictTypes would ask each schema to repeat what the one that it refers to says.
const ajv = new Ajv({ strict: true, strictRequired: false, strictTypes: false, allErrors: true, allowUnionTypes: true });
export const names = readdirSync(folder).filter((f) => f.endsWith('.schema.json')).sort();
for (const name of names) ajv.addSchema(JSON.parse(readFileSync(join(folder, name), 'utf8')));

const files = { SELECT: 'rows', SHOW: 'rows', PATTERNS: 'rows', ROOT_CAUSE: 'root-cause', WHAT_IF: 'what-if' };

/** The schema of an answer: by its type, an error's, or a completion's. */
export function schemaOf(document) {
  if (document.error) return 'error.schema.json';
  if (document.completions) return 'completion.schema.json';
  return `${files[document.type] ?? document.type?.toLowerCase()}.schema.json`;
}

export function compile(name) {
  return ajv.getSchema(name);
}

export function validate(document, what = '') {
  const check = compile(schemaOf(document));
  if (!check) throw new Error(`${what}: no schema ${schemaOf(document)}`);
  if (!check(document)) {
    throw new Error(`${what}: ${ajv.errorsText(check.errors)}\n${JSON.stringify(document).slice(0, 2000)}`);
  }
}
