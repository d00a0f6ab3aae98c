// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { samples } from '../src/format/samples';

test('every sample is found on the page and names this daemon', () => {
  const found = samples('https://tv.example.com/', 'http://10.0.0.7:4318');
  expect(found.map((one) => one.name)).toEqual(['Node', 'Express', 'Python', 'Collector', 'CI']);
  for (const { code } of found) {
    expect(code.length).toBeGreaterThan(40);
    expect(code).not.toMatch(/127\.0\.0\.1|```/);
  }
  expect(found[0]?.code).toContain("'https://tv.example.com/api/v1/events'");
  expect(found[3]?.code).toContain('endpoint: http://10.0.0.7:4318');
  expect(found[4]?.code).toContain('curl https://tv.example.com/api/v1/deployments');
});
