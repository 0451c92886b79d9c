/** Text, sizes and times as the page shows them. */

/** Controls, marks of direction, invisible characters and those that no font has: a name must not turn round what stands beside it. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const JOINER = '\u200d';

/** Names come from strangers. What does not show is written as `\u{202e}`; emoji keep their joiners. */
export function shown(text: string): string {
  return text.replace(UNFIT, (found) => (found === JOINER ? found : `\\u{${found.codePointAt(0)!.toString(16)}}`));
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** Decimal units, as download pages count. */
export function sizeText(bytes: number): string {
  if (bytes === 1) return '1 byte';
  const unit = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** unit;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** @param seconds - Unix time */
export function dateText(seconds: number): string {
  return new Intl.DateTimeFormat('en', { dateStyle: 'long', timeZone: 'UTC' }).format(seconds * 1000);
}

export function countText(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** The common name of a subject as RFC 4514 writes it, else the subject. */
export function nameOf(subject: string): string {
  const value = /(?:^|[,+])CN=((?:\\.|[^,+\\])+)/u.exec(subject)?.[1];
  return value?.replace(/\\([^0-9A-F])/gu, '$1') ?? subject;
}
