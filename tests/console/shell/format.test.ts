import { describe, expect, it } from 'vitest';
import {
  ago,
  bytes,
  clockTime,
  milliseconds,
  percent,
  rate,
  span,
  whole,
} from '../../../console/src/shell/format.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe('ago', () => {
  it('says how old something is by its largest unit', () => {
    expect([2, 59.9].map((s) => ago(s * SECOND))).toEqual(['2 s ago', '59 s ago']);
    expect([1, 59].map((min) => ago(min * MINUTE))).toEqual(['1 min ago', '59 min ago']);
    expect([1, 47, 48, 240].map((h) => ago(h * HOUR))).toEqual([
      '1 h ago',
      '47 h ago',
      '2 days ago',
      '10 days ago',
    ]);
  });

  it('shows no age below a second and a half, nor one in the future', () => {
    expect([0, 1400, -5000].map(ago)).toEqual(['just now', 'just now', 'just now']);
  });
});

describe('span', () => {
  it('has two units where one is too coarse, and never 60 of the smaller one', () => {
    expect(span(450)).toBe('450 ms');
    expect(span(4240)).toBe('4.2 s');
    expect(span(59_400)).toBe('59 s');
    expect(span(59_600)).toBe('1 min');
    expect(span(75 * SECOND)).toBe('1 min 15 s');
    expect(span(119_800)).toBe('2 min');
    expect(span(HOUR - 100)).toBe('1 h');
    expect(span(3 * HOUR + 5 * MINUTE)).toBe('3 h 5 min');
    expect(span(50 * HOUR)).toBe('2 days');
  });
});

describe('numbers', () => {
  it('keep their width and two or three digits', () => {
    expect([0, 0.44, 9.94, 9.96, 123.4, 999.6, 1240, 15_300].map(milliseconds)).toEqual([
      '0.0 ms',
      '0.4 ms',
      '9.9 ms',
      '10 ms',
      '123 ms',
      '1.0 s',
      '1.2 s',
      '15 s',
    ]);
    expect([0, 0.5, 7.44, 9.96, 29.97].map(rate)).toEqual(['0', '0.5', '7.4', '10', '30']);
    expect([12, 850_000, 999_700, 312e6, 1.24e9].map(bytes)).toEqual([
      '12 B',
      '850 kB',
      '1.0 MB',
      '312 MB',
      '1.2 GB',
    ]);
    expect(whole(12_345.2)).toBe('12,345');
  });

  it('show no share beyond 0 and 100 %, and 100 % only when all is done', () => {
    expect([-1, 0, 0.429, 0.999, 1, 2].map(percent)).toEqual([
      '0 %',
      '0 %',
      '42 %',
      '99 %',
      '100 %',
      '100 %',
    ]);
  });
});

describe('clockTime', () => {
  it('leaves the date out for today', () => {
    const now = new Date(2026, 10, 28, 14, 30).getTime();
    expect(clockTime(new Date(2026, 10, 28, 4, 3, 9).getTime(), now)).toBe('04:03:09');
    expect(clockTime(new Date(2026, 10, 27, 23, 59, 59).getTime(), now)).toBe('2026-11-27 23:59:59');
  });
});
