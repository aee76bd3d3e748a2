/** Numbers and times as the page shows them: short, with their unit, steady in width. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Below it nobody cares how long ago it was, and a clock that differs a little shows no negative age. */
const JUST_NOW_MS = 1500;

/** "just now", "12 s ago", "3 min ago", "5 h ago", "2 days ago". Times to come are "just now": clocks differ. */
export function ago(ms: number): string {
  if (ms < JUST_NOW_MS) return 'just now';
  return `${coarse(ms)} ago`;
}

/** A span of time by its largest unit: "12 s", "3 min", "5 h", "2 days". */
function coarse(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} days`;
}

/** A span of time: "450 ms", "4.2 s", "1 min 15 s", "3 h 5 min", "2 days". */
export function span(ms: number): string {
  if (ms < MINUTE - SECOND / 2) return milliseconds(ms);
  if (ms < HOUR) {
    const seconds = Math.round((ms % MINUTE) / SECOND);
    return seconds === 60
      ? span(ms - (ms % MINUTE) + MINUTE)
      : join(Math.floor(ms / MINUTE), 'min', seconds, 's');
  }
  if (ms < 2 * DAY) return join(Math.floor(ms / HOUR), 'h', Math.floor((ms % HOUR) / MINUTE), 'min');
  return coarse(ms);
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** A latency: "0.4 ms", "12 ms", "1.2 s", "15 s". */
export function milliseconds(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  return ms < 9950 ? `${(ms / SECOND).toFixed(1)} s` : `${Math.round(ms / SECOND)} s`;
}

/** Frames or answers a second: "0", "0.5", "7.4", "30". */
export function rate(perSecond: number): string {
  if (perSecond === 0) return '0';
  return perSecond < 9.95 ? perSecond.toFixed(1) : String(Math.round(perSecond));
}

/** Decimal units: "850 kB", "312 MB", "1.2 GB". */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** "12,345": the page is in English, whatever the browser's language. */
export function whole(count: number): string {
  return Math.round(count).toLocaleString('en');
}

/** Share of 1 as "42 %". */
export function percent(share: number): string {
  return `${Math.floor(Math.min(1, Math.max(0, share)) * 100)} %`;
}

/** The time of day for today ("14:03:59"), with its date before that ("2026-11-27 14:03:59"), in local time. */
export function clockTime(at: number, now: number): string {
  const time = new Date(at);
  const day = (date: Date): string =>
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return day(time) === day(new Date(now)) ? clock : `${day(time)} ${clock}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
