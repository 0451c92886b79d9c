/** A number of bytes as a person writes it: `1500000`, `64K`, `2G`; the letters are powers of 1024. */
import { DisksealError } from '../../core/errors.ts';

/** @param option - which one it was given to @throws DisksealError `E_USAGE` */
export function parseByteCount(text: string, option: string): number {
  const match = /^(\d{1,16})([kmgt]?)$/i.exec(text);
  const count = match ? Number(match[1]) * 1024 ** ' kmgt'.indexOf((match[2] || ' ').toLowerCase()) : Number.NaN;
  if (Number.isSafeInteger(count)) return count;
  throw new DisksealError('E_USAGE', `${option} ${text} is not a number of bytes`, { hint: 'as in 1500000, 64K, 700M or 2G' });
}
