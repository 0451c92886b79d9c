/** UDF's timestamps and Unix seconds. Source: ECMA-167 1/7.3. */
import type { Timestamp } from './structs.ts';

/** Type 1 ("local time") at UTC. */
const UTC = 0x1000;
const NO_ZONE = -2047;
const FIRST = -62_135_596_800;
const LAST = 253_402_300_799;

/** @param seconds - Unix; clamped to the years 1 to 9999, whole microseconds */
export function toTimestamp(seconds: number): Timestamp {
  const microseconds = Math.round(storedTime(seconds) * 1e6);
  const whole = Math.floor(microseconds / 1e6);
  const rest = microseconds - whole * 1e6;
  const date = new Date(whole * 1000);
  return {
    zone: UTC,
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    centiseconds: Math.floor(rest / 1e4),
    hundredsOfMicroseconds: Math.floor(rest / 100) % 100,
    microseconds: rest % 100,
  };
}

/** A time as a volume can hold it. */
export function storedTime(seconds: number): number {
  return Math.min(LAST, Math.max(FIRST, Math.round(seconds * 1e6) / 1e6));
}

/** @returns nothing when the month or day is 0, as for a time that was not recorded, or there is no such moment */
export function fromTimestamp(time: Timestamp): number | undefined {
  const { year, month, day, hour, minute, second } = time;
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const zone = (time.zone << 20) >> 20;
  const local = time.zone >> 12 === 1 && zone !== NO_ZONE && Math.abs(zone) <= 1440 ? zone : 0;
  const fraction = (time.centiseconds * 1e4 + time.hundredsOfMicroseconds * 100 + time.microseconds) / 1e6;
  return storedTime(date.getTime() / 1000 - local * 60 + fraction);
}
