// SPDX-License-Identifier: Apache-2.0
// Datagrams of one event each, at a steady rate; every one is either stored or counted as lost.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { finish, program, sleep, start, writeEvents } from './measure.mjs';
import { note } from './table.mjs';

const SECONDS = 10;

export async function run(place) {
  for (const [perSecond, most] of [[100_000, 0], [150_000, 0.005]]) {
    const file = writeEvents(join(place.memory, 'udp.ndjson'), perSecond * SECONDS);
    const daemon = await start(place);
    const sent = JSON.parse(execFileSync(program('datagrams'), [daemon.udpPort, file, perSecond].map(String), { encoding: 'utf8' }));
    await sleep(1000);
    const { body } = await daemon.fetch('/api/v1/status');
    const door = body.listeners.find((one) => one.name === 'udp');
    const lost = sent.sent - body.store.events;
    note(`UDP, ${perSecond / 1000},000/s for ${SECONDS} s`, most ? `≤ ${most * 100} % lost` : 'none lost',
      `${lost} of ${sent.sent} lost (${(lost / sent.sent * 100).toFixed(3)} %), ${door.dropped} counted as dropped, sent at ${Math.round(sent.sent / sent.seconds / 1e3)} k/s`,
      lost <= most * sent.sent && door.dropped + door.rejected === lost);
    await finish(daemon);
    rmSync(file);
  }
}
