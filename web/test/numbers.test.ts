// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { MISSING, bytes, count, duration, percent, rate, rateNumber, value } from '../src/format/numbers';

const plain = (text: string): string => text.replace(/\u2009/g, ' ');

describe('numbers', () => {
  it('writes thousands with commas and millions short', () => {
    expect(count(2128)).toBe('2,128');
    expect(plain(count(1_100_000))).toBe('1.1 M');
    expect(plain(count(12_345_678))).toBe('12.3 M');
    expect(count(0)).toBe('0');
    expect(count(-31)).toBe('−31');
  });
  it('never shows a missing value as a number', () => {
    for (const print of [count, rate, rateNumber, percent, bytes, duration, value]) {
      expect(print(null)).toBe(MISSING);
      expect(print(undefined)).toBe(MISSING);
      expect(print(Number.NaN)).toBe(MISSING);
    }
  });
  it('writes durations in the unit a person would use', () => {
    expect(plain(duration(850_000))).toBe('850 µs');
    expect(plain(duration(41e6))).toBe('41 ms');
    expect(plain(duration(3.24e9))).toBe('3.24 s');
    expect(plain(duration(3.2e9))).toBe('3.20 s');
    expect(plain(duration(3e9))).toBe('3 s');
    expect(plain(duration(456e9))).toBe('7 min 36 s');
    expect(plain(duration(7500e9))).toBe('2 h 5 min');
    expect(plain(duration(60e9))).toBe('1 min');
    expect(plain(duration(999.7e6))).toBe('1 s');
    expect(plain(duration(12))).toBe('12 ns');
    expect(plain(duration(100 * 3600e9))).toBe('4 d 4 h');
  });
  it('writes rates, small ones a minute', () => {
    expect(rate(6.2)).toBe('6.2/s');
    expect(rate(0.05)).toBe('3/min');
    expect(rate(0)).toBe('0/s');
    expect(rate(48.2)).toBe('48.2/s');
    expect(rateNumber(48)).toBe('48.0');
  });
  it('writes ratios as percent', () => {
    expect(plain(percent(0.002))).toBe('0.2 %');
    expect(plain(percent(0.77))).toBe('77 %');
    expect(plain(percent(0))).toBe('0 %');
    expect(plain(percent(0.0001))).toBe('< 0.1 %');
    expect(plain(percent(1))).toBe('100 %');
    expect(plain(percent(0.0999))).toBe('10 %');
  });
  it('writes bytes in binary units', () => {
    expect(plain(bytes(1536))).toBe('1.5 KiB');
    expect(plain(bytes(10 * 2 ** 30))).toBe('10 GiB');
    expect(plain(bytes(12))).toBe('12 B');
  });
});
