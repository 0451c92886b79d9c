/**
 * The entries of a revocation list. Source: RFC 5280 5.1.2.6 and 5.3.
 *
 *     revokedCertificates ::= SEQUENCE OF SEQUENCE {
 *       userCertificate CertificateSerialNumber, revocationDate Time, crlEntryExtensions Extensions OPTIONAL }
 *
 * A list may have a hundred thousand entries of which one matters. They stay bytes: one pass over them checks all of their form, another finds
 * a serial number, and only what is found becomes an object.
 */
import { DisksealError } from '../core/errors.ts';
import { type DerElement, type DerHeader, equalBytes, readDer, readHeader, TAG } from './der.ts';
import { isMinimalInteger } from './der-content.ts';
import { listExtensions } from './extensions.ts';
import { OID } from './oids.ts';
import { readTime } from './x509.ts';

/** RFC 5280 5.3.1: CRLReason ::= ENUMERATED, by its numbers; 7 is not used. */
const REASONS = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
] as const;
export type RevocationReason = NonNullable<(typeof REASONS)[number]>;

export interface Revocation {
  /** Unix seconds. */
  readonly date: number;
  /** `unspecified` when the issuer gives none. */
  readonly reason: RevocationReason;
  /** When the key was, or the certificate should have been, no longer good; Unix seconds. */
  readonly invalidityDate?: number | undefined;
}

interface Entry {
  readonly start: number;
  readonly serial: Uint8Array;
  readonly dateStart: number;
  readonly dateEnd: number;
  readonly end: number;
}

export class RevokedCertificates {
  readonly #document: Uint8Array;
  readonly #from: number;
  readonly #to: number;
  readonly #base: number;
  readonly count: number;
  /** OIDs of critical extensions of entries. Whoever does not know one of them must not use the list (RFC 5280 5.3). */
  readonly critical: ReadonlySet<string>;

  /** @param from - where the content of the SEQUENCE OF begins in `document`, and `to` where it ends: the same when there is none */
  constructor(document: Uint8Array, from: number, to: number, version: 1 | 2, base: number) {
    this.#document = document;
    this.#from = from;
    this.#to = to;
    this.#base = base;
    const critical = new Set<string>();
    let count = 0;
    const seen = new Set<string>();
    for (const entry of this.#all()) {
      count++;
      if (entry.dateEnd === entry.end) continue;
      if (version === 1) throw malformed('an entry with extensions in a list of version 1', base + entry.start);
      this.#collectCritical(entry, critical, seen);
    }
    this.count = count;
    this.critical = critical;
  }

  /** Every entry about this serial number; one is usual. @param serial - the content octets of the INTEGER */
  find(serial: Uint8Array): Revocation[] {
    const found: Revocation[] = [];
    for (const entry of this.#all()) if (equalBytes(entry.serial, serial)) found.push(this.#read(entry));
    return found;
  }

  *#all(): Generator<Entry> {
    for (let at = this.#from; at < this.#to; ) {
      const entry = this.#entryAt(at);
      yield entry;
      at = entry.end;
    }
  }

  #entryAt(start: number): Entry {
    const document = this.#document;
    const { tag, contentStart, end } = readHeader(document, start, this.#to, 'revokedCertificates', this.#base);
    if (tag !== TAG.sequence) throw malformed('an entry that is no SEQUENCE', this.#base + start);
    const number = readHeader(document, contentStart, end, 'userCertificate', this.#base);
    const serial = document.subarray(number.contentStart, number.end);
    if (number.tag !== TAG.integer || !isMinimalInteger(serial)) throw malformed('an entry without serial number', this.#base + start);
    const date = readHeader(document, number.end, end, 'revocationDate', this.#base);
    if (!isTime(document, date)) throw malformed('an entry without date', this.#base + start);
    return { start, serial, dateStart: number.end, dateEnd: date.end, end };
  }

  /** Most entries of a list have the very same extensions: each form is read once. */
  #collectCritical(entry: Entry, critical: Set<string>, seen: Set<string>): void {
    const { dateEnd, end } = entry;
    const short = end - dateEnd <= MAX_REMEMBERED ? String.fromCharCode(...this.#document.subarray(dateEnd, end)) : undefined;
    if (short !== undefined && seen.has(short)) return;
    for (const type of this.#extensions(entry).critical) critical.add(type);
    if (short !== undefined && seen.size < MAX_SEEN) seen.add(short);
  }

  #extensions({ dateEnd, end }: Entry): { reason: RevocationReason; invalidityDate: number | undefined; critical: string[] } {
    const element = readDer(this.#document.subarray(dateEnd, end), 'crlEntryExtensions', this.#base + dateEnd);
    const all = listExtensions(element);
    const valueOf = (wanted: string): DerElement | undefined => all.find(({ type }) => type === wanted)?.value;
    const reason = valueOf(OID.crlReason)?.nested('reasonCode').expect(TAG.enumerated, 'reasonCode');
    const date = valueOf(OID.invalidityDate)?.nested('invalidityDate').expect(TAG.generalizedTime, 'invalidityDate');
    return {
      reason: reason ? readReason(reason) : 'unspecified',
      invalidityDate: date?.time('invalidityDate'),
      critical: all.filter(({ isCritical }) => isCritical).map(({ type }) => type),
    };
  }

  #read(entry: Entry): Revocation {
    const { dateStart, dateEnd, end } = entry;
    const time = readDer(this.#document.subarray(dateStart, dateEnd), 'revocationDate', this.#base + dateStart);
    const date = readTime(time, 'revocationDate');
    if (dateEnd === end) return { date, reason: 'unspecified' };
    const { reason, invalidityDate } = this.#extensions(entry);
    return { date, reason, invalidityDate };
  }
}

// A reason alone takes 14 octets, a reason with a date 41.
const MAX_REMEMBERED = 48;
const MAX_SEEN = 4096;

/** @param element - an ENUMERATED, or one behind a tag, whose content was checked */
export function readReason(element: DerElement): RevocationReason {
  const { content } = element;
  const reason = content.length === 1 ? REASONS[content[0]!] : undefined;
  if (!reason) throw malformed('not a reason of revocation', element.offset);
  return reason;
}

/**
 * A Time as RFC 5280 5.1.2.6 has it: UTCTime through 2049, GeneralizedTime after, a second that exists. By hand, because it is asked of
 * every entry; whose entry matters gets the same answer from `readTime`.
 */
function isTime(document: Uint8Array, { tag, contentStart, end }: DerHeader): boolean {
  const isShort = tag === TAG.utcTime;
  if (end - contentStart !== (isShort ? 13 : 15) || (!isShort && tag !== TAG.generalizedTime)) return false;
  for (let at = contentStart; at < end - 1; at++) if (document[at]! < 0x30 || document[at]! > 0x39) return false;
  const pair = (at: number): number => (document[at]! - 0x30) * 10 + document[at + 1]! - 0x30;
  const from = isShort ? contentStart : contentStart + 2;
  const century = isShort ? (pair(from) < 50 ? 20 : 19) : pair(contentStart);
  const year = century * 100 + pair(from);
  const [month, day] = [pair(from + 2), pair(from + 4)];
  const isDay = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  const isSecond = pair(from + 6) < 24 && pair(from + 8) < 60 && pair(from + 10) < 60;
  return isDay && isSecond && (isShort || year >= 2050) && document[end - 1] === 0x5a;
}

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (month === 2) return isLeap ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function malformed(message: string, offset: number): DisksealError {
  return new DisksealError('E_CERTIFICATE', `the revocation list: ${message}`, { offset, field: 'CertificateList.revokedCertificates' });
}
