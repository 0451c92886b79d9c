/** Times as a manifest and SOURCE_DATE_EPOCH write them, in Unix seconds. */

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(?:[Zz]|([+-])(\d{2}):?(\d{2})))?$/;

/** Whole seconds, or undefined when the text is no time. A time of day needs Z or an offset: local time differs by machine. */
export function parseTime(text: string | number): number | undefined {
  if (typeof text === 'number') return Number.isSafeInteger(text) ? text : undefined;
  if (/^-?\d{1,12}$/.test(text)) return Number(text);
  const found = ISO.exec(text.trim());
  if (!found) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // Date rolls over what does not exist (31 April), so compare what it made with what was asked for.
  if (year < 1000 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || date.getUTCHours() !== hour) return undefined;
  if (minute > 59 || second > 59) return undefined;
  const offset = found[7] === undefined ? 0 : (Number(found[8]) * 60 + Number(found[9])) * (found[7] === '-' ? -60 : 60);
  return date.getTime() / 1000 - offset;
}

/** SOURCE_DATE_EPOCH: a decimal number of seconds and nothing else. Source: reproducible-builds.org/specs/source-date-epoch. */
export function parseSourceDateEpoch(text: string): number | undefined {
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}
