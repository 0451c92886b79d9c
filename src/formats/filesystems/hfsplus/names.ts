/**
 * Names on HFS+: Apple's canonical decomposition, case folding and order, and the way between stored and POSIX names.
 * Source: TN1150 "Unicode Subtleties" and "Case-Insensitive String Comparison"; tables of Unicode 3.2 as the xnu kernel has them.
 * Left out: conversions to the old Mac text encodings (a volume says "MacRoman only" and no reader asks).
 *
 * A stored name is a string whose UTF-16 units are the units on disk. Lone surrogates are kept: the disk may hold them.
 */
import { DisksealError } from '../../../core/errors.ts';
import { MAX_ATTRIBUTE_NAME_UNITS, MAX_NAME_UNITS } from './structs.ts';

/** Combining classes of Unicode 3.2, `first[-last]:class`. Marks added to Unicode later count as class 0 and are not moved. */
const COMBINING_CLASSES =
  '0300-0314:230 0315:232 0316-0319:220 031A:232 031B:216 031C-0320:220 0321-0322:202 0323-0326:220 0327-0328:202 0329-0333:220 ' +
  '0334-0338:1 0339-033C:220 033D-0344:230 0345:240 0346:230 0347-0349:220 034A-034C:230 034D-034E:220 0350-0352:230 0353-0356:220 ' +
  '0357:230 035D-035E:234 035F:233 0360-0361:234 0362:233 0363-036F:230 0483-0486:230 0591:220 0592-0595:230 0596:220 0597-0599:230 ' +
  '059A:222 059B:220 059C-05A1:230 05A3-05A7:220 05A8-05A9:230 05AA:220 05AB-05AC:230 05AD:222 05AE:228 05AF:230 05B0:10 05B1:11 ' +
  '05B2:12 05B3:13 05B4:14 05B5:15 05B6:16 05B7:17 05B8:18 05B9:19 05BB:20 05BC:21 05BD:22 05BF:23 05C1:24 05C2:25 05C4:230 ' +
  '0610-0615:230 064B:27 064C:28 064D:29 064E:30 064F:31 0650:32 0651:33 0652:34 0653-0654:230 0655-0656:220 0657-0658:230 0670:35 ' +
  '06D6-06DC:230 06DF-06E2:230 06E3:220 06E4:230 06E7-06E8:230 06EA:220 06EB-06EC:230 06ED:220 0711:36 0730:230 0731:220 ' +
  '0732-0733:230 0734:220 0735-0736:230 0737-0739:220 073A:230 073B-073C:220 073D:230 073E:220 073F-0741:230 0742:220 0743:230 ' +
  '0744:220 0745:230 0746:220 0747:230 0748:220 0749-074A:230 093C:7 094D:9 0951:230 0952:220 0953-0954:230 09BC:7 09CD:9 0A3C:7 ' +
  '0A4D:9 0ABC:7 0ACD:9 0B3C:7 0B4D:9 0BCD:9 0C4D:9 0C55:84 0C56:91 0CBC:7 0CCD:9 0D4D:9 0DCA:9 0E38-0E39:103 0E3A:9 0E48-0E4B:107 ' +
  '0EB8-0EB9:118 0EC8-0ECB:122 0F18-0F19:220 0F35:220 0F37:220 0F39:216 0F71:129 0F72:130 0F74:132 0F7A-0F7D:130 0F80:130 ' +
  '0F82-0F83:230 0F84:9 0F86-0F87:230 0FC6:220 1037:7 1039:9 1714:9 1734:9 17D2:9 17DD:230 18A9:228 1939:222 193A:230 193B:220 ' +
  '20D0-20D1:230 20D2-20D3:1 20D4-20D7:230 20D8-20DA:1 20DB-20DC:230 20E1:230 20E5-20E6:1 20E7:230 20E8:220 20E9:230 20EA:1 ' +
  '302A:218 302B:228 302C:232 302D:222 302E-302F:224 3099-309A:8 FB1E:26 FE20-FE23:230';

/** Case folding, `first[-last[/step]]+delta`. It is not `toLowerCase`: the table is older and shorter. */
const FOLDINGS =
  '0041-005A+32 00C6+32 00D0+32 00D8+32 00DE+32 0110+1 0126+1 0132+1 013F-0141/2+1 014A+1 0152+1 0166+1 0181+210 0182-0184/2+1 ' +
  '0186+206 0187+1 0189-018A+205 018B+1 018E+79 018F+202 0190+203 0191+1 0193+205 0194+207 0196+211 0197+209 0198+1 019C+211 ' +
  '019D+213 019F+214 01A2-01A4/2+1 01A7+1 01A9+218 01AC+1 01AE+218 01B1-01B2+217 01B3-01B5/2+1 01B7+219 01B8+1 01BC+1 01C4+2 01C5+1 ' +
  '01C7+2 01C8+1 01CA+2 01CB+1 01E4+1 01F1+2 01F2+1 0391-03A1+32 03A3-03A9+32 03E2-03EE/2+1 0402-0404/2+80 0405-0406+80 ' +
  '0408-040B+80 040F+80 0410-0418+32 041A-042F+32 0460-0474/2+1 0478-0480/2+1 0490-04BE/2+1 04C3+1 04C7+1 04CB+1 0531-0556+48 ' +
  '10A0-10C5+48 2160-216F+16 FF21-FF3A+32';

/** Units that the folded comparison passes over. */
const IGNORED = '200C-200F 202A-202E 206A-206F FEFF';

interface Mapping {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  readonly value: number;
}

/** Reads `first[-last[/step]][:value|+value]`, hexadecimal but for step and value. */
function mappings(table: string): Mapping[] {
  return table.split(' ').map((entry) => {
    const [range = '', value = '0'] = entry.split(/[:+]/);
    const [ends = '', step = '1'] = range.split('/');
    const [first = '', last = first] = ends.split('-');
    return { first: parseInt(first, 16), last: parseInt(last, 16), step: Number(step), value: Number(value) };
  });
}

function combiningClasses(): Uint8Array {
  const classes = new Uint8Array(0x10000);
  for (const { first, last, value } of mappings(COMBINING_CLASSES)) classes.fill(value, first, last + 1);
  return classes;
}

/** Unit to folded unit; 0 means ignored. NUL, which the private folder's name begins with, sorts after everything. */
function foldings(): Uint16Array {
  const folded = Uint16Array.from({ length: 0x10000 }, (_, unit) => unit);
  for (const { first, last, step, value } of mappings(FOLDINGS)) {
    for (let unit = first; unit <= last; unit += step) folded[unit] = unit + value;
  }
  for (const { first, last } of mappings(IGNORED)) folded.fill(0, first, last + 1);
  folded[0] = 0xffff;
  return folded;
}

const CLASSES = combiningClasses();
const FOLDED = foldings();
const ASCII = /^[\x01-\x7f]*$/;

/**
 * Units that stay composed although Unicode decomposes them: symbols, CJK compatibility ideographs, surrogates
 * (nothing beyond the BMP is decomposed), and Balinese, which Unicode 3.2 did not have.
 */
function staysComposed(unit: number): boolean {
  if (unit >= 0x2000 && unit <= 0x2fff) return true;
  if (unit >= 0xd800 && unit <= 0xdfff) return true;
  if (unit >= 0xf900 && unit <= 0xfaff) return true;
  return unit >= 0x1b06 && unit <= 0x1b43;
}

/** Apple's decomposition of a name, marks in canonical order. Idempotent; "/" and ":" are left alone. */
export function decompose(name: string): string {
  if (ASCII.test(name)) return name;
  let decomposed = '';
  for (let index = 0; index < name.length; index++) {
    const unit = name.charCodeAt(index);
    const character = name.charAt(index);
    decomposed += unit < 0xc0 || staysComposed(unit) ? character : character.normalize('NFD');
  }
  return reorderMarks(decomposed);
}

/** Sorts each run of combining marks by class; equal classes keep their order, and a unit of class 0 ends the run. */
function reorderMarks(name: string): string {
  let units: number[] | undefined;
  for (let index = 1; index < name.length; index++) {
    const current = CLASSES[(units ? units[index] : name.charCodeAt(index))!]!;
    if (current === 0) continue;
    for (let at = index; at > 0; at--) {
      const before: number = CLASSES[(units ? units[at - 1] : name.charCodeAt(at - 1))!]!;
      if (before <= current) break;
      units ??= unitsOf(name);
      [units[at - 1], units[at]] = [units[at]!, units[at - 1]!];
    }
  }
  return units ? fromUnits(units) : name;
}

function unitsOf(name: string): number[] {
  return Array.from({ length: name.length }, (_, index) => name.charCodeAt(index));
}

function fromUnits(units: readonly number[]): string {
  let name = '';
  for (const unit of units) name += String.fromCharCode(unit);
  return name;
}

const COLON_OR_NUL_PICTURE = /[:\u2400]/g;
// A NUL is looked for here, and it is what the disk holds.
// oxlint-disable-next-line no-control-regex
const SLASH_OR_NUL = /[/\0]/g;

/** A POSIX name as it is stored: decomposed, ":" as "/", and U+2400 as the NUL that it stands for. No length is checked. */
export function toStored(posixName: string): string {
  return decompose(posixName).replace(COLON_OR_NUL_PICTURE, (unit) => (unit === ':' ? '/' : '\0'));
}

/** A stored name as POSIX shows it: "/" as ":", NUL as U+2400. */
export function toPosix(stored: string): string {
  return stored.replace(SLASH_OR_NUL, (unit) => (unit === '/' ? ':' : '\u2400'));
}

/** A string such that two stored names are the same on HFS+ when theirs are, and `<` orders names as the catalog does. */
export function foldKey(stored: string): string {
  // For ASCII without NUL the folding is lower case, and the platform does that many times faster.
  if (ASCII.test(stored)) return stored.toLowerCase();
  let key = '';
  for (let index = 0; index < stored.length; index++) {
    const folded = FOLDED[stored.charCodeAt(index)]!;
    if (folded !== 0) key += String.fromCharCode(folded);
  }
  return key;
}

/** Order of the catalog on HFS+ (keyCompareType CF): negative, zero or positive. Takes stored names. */
export function compareFolded(a: string, b: string): number {
  return compareBinary(foldKey(a), foldKey(b));
}

/** Order of the catalog on case-sensitive HFSX (BC), and of attribute names: by units, the shorter first. */
export function compareBinary(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/**
 * The stored form of a name given by a person.
 * @throws DisksealError `E_HFSPLUS` for a name that no HFS+ volume can hold
 */
export function storedName(posixName: string, path: string): string {
  if (posixName === '' || posixName === '.' || posixName === '..') {
    throw new DisksealError('E_HFSPLUS', `"${posixName}" is not a name`, { path });
  }
  if (/[/\0]/.test(posixName)) throw new DisksealError('E_HFSPLUS', 'a name cannot hold "/" or NUL', { path });
  const stored = toStored(posixName);
  if (stored.length > MAX_NAME_UNITS) {
    throw new DisksealError('E_HFSPLUS', `the name has ${stored.length} UTF-16 units when decomposed, HFS+ holds ${MAX_NAME_UNITS}`, {
      path,
      hint: 'give it a shorter name',
    });
  }
  return stored;
}

/** @throws DisksealError `E_HFSPLUS` for an attribute name that does not fit; it is stored as given, not decomposed */
export function checkAttributeName(name: string, path: string): void {
  if (name === '' || name.includes('\0')) {
    throw new DisksealError('E_HFSPLUS', 'the name of an extended attribute is empty or has a NUL', { path });
  }
  if (name.length > MAX_ATTRIBUTE_NAME_UNITS) {
    throw new DisksealError(
      'E_HFSPLUS',
      `the extended attribute "${name}" has a name of ${name.length} UTF-16 units, HFS+ holds ${MAX_ATTRIBUTE_NAME_UNITS}`,
      { path },
    );
  }
}
