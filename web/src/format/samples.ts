// SPDX-License-Identifier: Apache-2.0
//
// The examples of docs/sending.md, as the first-run page shows them: one text for both, which a test runs.
import page from '../../../docs/sending.md?raw';

export interface Sample { name: string; about: string; code: string }

const OUT_OF_THE_BOX = { http: 'http://127.0.0.1:3335/', otlp: 'http://127.0.0.1:4318' };

/** The first block of code under each of these headings, with this daemon's addresses. */
export function samples(base: string, otlp: string): Sample[] {
  const wanted: [heading: string, name: string, about: string][] = [
    ['Node', 'Node', 'Batches, sends again what was not taken; then call send({ … }).'],
    ['Express', 'Express', 'A span for each request, in the trace of the caller. Needs the Node sender beside it.'],
    ['Python', 'Python', 'Batches, sends again what was not taken; then call send(…).'],
    ['OpenTelemetry Collector', 'Collector', 'An exporter among those you have.'],
    ['Deployments', 'CI', 'The last line of a job: changes are looked at first when something breaks.'],
  ];
  return wanted.map(([heading, name, about]) => ({ name, about, code: here(blockUnder(heading), base, otlp) }));
}

function blockUnder(heading: string): string {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return /^```\w+\n([\s\S]*?)\n```$/m.exec(section)?.[1] ?? '';
}

function here(code: string, base: string, otlp: string): string {
  return code.replaceAll(OUT_OF_THE_BOX.http, base).replaceAll(OUT_OF_THE_BOX.otlp, otlp);
}
