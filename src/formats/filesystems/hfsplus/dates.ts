/**
 * HFS Plus dates: unsigned 32-bit seconds since 1904-01-01T00:00:00, GMT everywhere but in VolumeHeader.createDate,
 * which counts the local time of whoever made the volume. Zero means "never". Source: TN1150, "HFS Plus Dates".
 */
import { type FieldType, u32be } from '../../../core/struct.ts';

/** Seconds from the HFS Plus epoch to the Unix epoch. */
export const UNIX_EPOCH = 2_082_844_800;

/** The last second that an HFS Plus date can hold, 2040-02-06T06:28:15Z, as a Unix time. */
export const LAST_UNIX_SECOND = 0xffff_ffff - UNIX_EPOCH;

/** Unix seconds of a date; undefined for zero, "never". */
export function toUnix(date: number): number | undefined {
  return date === 0 ? undefined : date - UNIX_EPOCH;
}

/** The date of a Unix time, whole seconds, clamped to what the format holds; undefined becomes zero, "never". */
export function fromUnix(seconds: number | undefined): number {
  if (seconds === undefined) return 0;
  return Math.min(0xffff_ffff, Math.max(1, Math.floor(seconds) + UNIX_EPOCH));
}

/** A date in a structure: the stored number, shown as what it means. */
export const date: FieldType<number> = { ...u32be, show: showDate };

function showDate(value: number): string {
  const seconds = toUnix(value);
  return seconds === undefined ? 'never' : new Date(seconds * 1000).toISOString().replace('.000Z', '');
}
