/**
 * Attacks on the verifier, each by somebody who means it: without a key, with a certificate under the same root, with an expired
 * one or one for servers, with an older image of the publisher's, and by the publisher himself. What is forged is right in all else.
 * Here: what needs no key, and an image that changes while it is judged. By who can sign: `attacks-signed`. Time, memory, failing
 * parts: `attacks-bounds`. Files and the command line: `attacks-files`.
 *
 * Where each rule of the seal that concerns this version is tested; a test here bears the rule's or the attack's number in its name.
 *
 *      rule                                    test
 *      1  closed statement, one spelling       attacks-signed "attack 24, rule 1"; seal/statement, seal/inventory
 *      2  kind and footer derived once         "nobody without a key" (attacks 1, 2, 9), "attack 9: marks that lie"; attacks-signed "rule 2"
 *                                              places "rule 2", "attack 2", seal/embedding; cli/sign for devices
 *      3  sealed coordinates                   "rule 3", "attack 6"; attacks-signed "rule 3"; "attack 7" for the masked bytes
 *      4  area                                 "attack 8", "attack 9: marks that lie"; seal/area; places "rules 3 and 4", "rule 4"; cli/sign "rule 4"
 *      5  Apple's hole, hidden files           "rule 5", "attack 6"; attacks-signed "rule 5"
 *      6  keys, distinct signers               "rule 6"; attacks-signed "a key that is too weak"; signature "what is too weak is 35"
 *      7  every signer, closed message         "rule 7", "attack 37"; signature "what does not belong is 22", "mutation"; pki/cms
 *      8  identity                             attacks-signed "rule 8", "certificates under the same root" (attack 49); signature "rule 8"
 *      9  example keys                         "rule 9"; attacks-signed "rule 9"; signature "rule 9"
 *     10  flat and tree                        attacks-signed "attack 23", "attack 22"; sweep
 *     11  quick, nothing parsed too early      "rule 11"; attacks-files "rule 11"; attacks-bounds "nobody makes a verifier work for nothing"
 *     12  order of codes                       "rule 12"
 *     13  inventory and volume                 attacks-signed "rule 13"; places "rule 13"; seal/compared-tree; mount/extract for "extract"
 *     14  time (without timestamps)            attacks-signed "attack 45, rule 14", "a time that is no time"; signature "time"
 *     18  detached seals                       places "rule 18"; attacks-signed "rule 18"; attacks-files "rule 18"; cli/sign "rule 18"
 *     19  acting on a verdict                  "attack 53"; attacks-files "attack 53"; mount/extract
 *     22  --insecure-skip-verify               cli/usage, cli/outputs
 *     24  everyday images                      attacks-files "rule 24"; places "rule 24", "attack 1"; cli/sign "rule 24"
 *     27  identity of content                  "rule 27"
 *
 *     Attacks 1-4, 6-10, 13, 19-27, 29, 36-46, 49, 53-57 bear their numbers here or in `signature.test.ts`; 28, 30-35: pki/cms, pki/der,
 *     pki/wycheproof, trust/path, trust/x509-limbo; 14-17: mount/extract, mount/quarantine. 11: places. Each of the 57 has a directory in test/attacks too.
 */

import { describe, expect, test } from 'vitest';
import { bytesDisk, type Disk } from '../../src/core/disk.ts';
import type { Platform } from '../../src/core/platform.ts';
import { KolyTrailer } from '../../src/formats/containers/udif/structs.ts';
import { AreaMark } from '../../src/seal/area.ts';
import { encodeStatement } from '../../src/seal/statement.ts';
import { type Check, decidingFailure } from '../../src/verify/verdict.ts';
import {
  type Attack,
  ascii,
  attacks,
  bytes,
  cms,
  hole,
  joined,
  judge,
  koly,
  leaf,
  MAGICS,
  places,
  refused,
  sealed,
  signed,
  withStranger,
  withToken,
  zip,
} from '../support/attacked-image.ts';
import { LONG_LIFE } from '../support/certificates.ts';
import { at, treeOf, write } from '../support/der-tree.ts';
import { altered, changedStatement, inserted, placesOf, sealedImage, signAnyhow, withCms } from '../support/forged-seal.ts';
import { withMarks } from '../support/hostile-image.ts';
import { file, tree } from '../support/memory-tree.ts';
import { testPlatform } from '../support/platform.ts';

test('what is forged here is right in all else', async () => {
  expect(await judge(bytes, { deep: true })).toMatchObject({ exitCode: 0 });
  expect(await judge(await signed({}), { deep: true })).toMatchObject({ exitCode: 0, statement: { product: 'com.example.hostile' } });
});

attacks('nobody without a key adds anything', [
  ['attack 1: one byte after the trailer', 10, () => joined(bytes, Uint8Array.of(0))],
  ['attack 1: a sector of zeros after the trailer', 10, () => joined(bytes, new Uint8Array(512))],
  ['attack 1: a MiB after the trailer', 10, () => joined(bytes, new Uint8Array(1 << 20).fill(7))],
  ['attack 1: one byte before everything', [20, 22], () => joined(Uint8Array.of(0), bytes)],
  ['attack 1: one byte between data fork and seal', [20, 22], () => inserted(bytes, places.area, Uint8Array.of(0))],
  ['attack 1: one byte between plist and trailer', 20, () => inserted(bytes, places.trailer, Uint8Array.of(0))],
  ['attack 2: a ZIP archive after the trailer', 10, () => joined(bytes, zip(0))],
  ['attack 2: a boot sector and an ISO before everything', [20, 22], () => joined(new Uint8Array(32_769), ascii('CD001'), bytes)],
  ['attack 2: a second trailer after the first', 20, () => joined(bytes, bytes.subarray(-512))],
  [
    'attack 2: a second trailer that calls the first a code signature',
    50,
    () => koly({ codeSignatureOffset: places.trailer, codeSignatureLength: 512 }, joined(bytes, bytes.subarray(-512))),
  ],
  ['attack 2: the whole image twice', [20, 22], () => joined(bytes, bytes)],
  ['attack 2: a ZIP archive before the trailer', 20, () => inserted(bytes, places.trailer, zip(512))],
  ['rule 5: a ZIP archive in a hole that the trailer names exactly', 50, () => hole(zip(512))],
  ...Object.entries(MAGICS).map(([what, magic]): Attack => [`rule 5: ${what} in a stranger's certificate`, 20, () => withStranger(magic)]),
  ...Object.entries(MAGICS).map(([what, magic]): Attack => [`rule 5: ${what} in a timestamp`, 20, () => withToken(magic)]),
  ['rule 5: masked bytes that name an empty hole', 20, () => koly({ codeSignatureOffset: places.trailer })],
  ['attack 6: a hole of no length elsewhere', 20, () => koly({ codeSignatureOffset: 5 })],
  ['attack 6: a hole of no offset', 20, () => koly({ codeSignatureLength: 5 })],
  [
    'attack 6: a hole over the plist',
    20,
    () => koly({ codeSignatureOffset: places.plist, codeSignatureLength: places.trailer - places.plist }),
  ],
  [
    'attack 6: a hole over the seal',
    20,
    () => koly({ codeSignatureOffset: places.area, codeSignatureLength: places.trailer - places.area }),
  ],
  ['attack 6: a hole in the data fork', 20, () => koly({ codeSignatureOffset: 100, codeSignatureLength: 100 })],
  ['attack 6: a hole one byte too long', 20, () => hole(new Uint8Array(100), { codeSignatureLength: 101 })],
  ['attack 6: a hole one byte too short', 20, () => hole(new Uint8Array(100), { codeSignatureLength: 99 })],
  ['attack 8: the first byte of the slack', 22, () => altered(bytes, (copy) => (copy[places.slack] = 1))],
  ['attack 8: the last byte of the slack', 22, () => altered(bytes, (copy) => (copy[places.footer - 1] = 1))],
  ['attack 8: an archive in the slack', 22, () => altered(bytes, (copy) => copy.set(zip(100), places.slack + 1000))],
  [
    'attack 9: a second footer in the slack',
    22,
    () => altered(bytes, (copy) => copy.set(bytes.subarray(places.footer, places.plist), places.slack)),
  ],
  [
    'attack 9: a second message in the slack',
    22,
    () => altered(bytes, (copy) => copy.set(bytes.subarray(places.cms, places.slack), places.slack)),
  ],
  ['attack 9: a second message in the first', 22, () => withCms(sealed, joined(cms(), cms()))],
  ['attack 9: a trailer that points to a footer within', [20, 22], () => innerFooter()],
  ['attack 9: a trailer that points before the file', 10, () => koly({ xmlOffset: 0, xmlLength: places.trailer })],
  ['attack 38: no footer', 10, () => altered(bytes, (copy) => copy.fill(0, places.footer, places.plist))],
  ['attack 38: no header', 22, () => altered(bytes, (copy) => copy.fill(0, places.area, places.area + 64))],
  ['attack 38: no seal, and a trailer that knows of none', 10, () => stripped()],
]);

/** A second footer in the slack, to which the trailer points. */
function innerFooter(): Uint8Array {
  const xmlOffset = places.slack + AreaMark.size;
  const copied = altered(bytes, (copy) => copy.set(bytes.subarray(places.footer, places.plist), places.slack));
  return koly({ xmlOffset, xmlLength: places.trailer - xmlOffset }, copied);
}

function stripped(): Uint8Array {
  const image = joined(bytes.subarray(0, places.area), bytes.subarray(places.plist));
  return koly({ xmlOffset: places.area }, image);
}

attacks(
  'attack 7: every field of the trailer is held fast',
  Object.keys(KolyTrailer.fields).map((name): Attack => {
    const flip = (value: unknown): unknown => {
      if (typeof value === 'number') return value + 1;
      if (typeof value === 'string') return 'kolz';
      if (value instanceof Uint8Array) return altered(value, (copy) => (copy[copy.length - 1] ^= 1));
      return { ...(value as object), size: 31 };
    };
    return [name, [10, 20, 21, 22], () => koly({ [name]: flip(places.koly[name as keyof KolyTrailer]) })];
  }),
);

attacks('attack 9: marks that lie, their checksums right', [
  ...(
    [
      ['an area of nothing', { areaSize: 0 }, /do not fit|cannot end/],
      ['an area smaller than its parts', { areaSize: 2048 }, /do not fit/],
      ['an area larger than the file', { areaSize: 2 ** 40 }, /cannot end here/],
      ['an area that begins before the file', { areaSize: 2 ** 53 - 2048 }, /cannot end here/],
      ['an area of an odd size', { areaSize: 67_585 }, /cannot end here/],
      ['an inventory longer than the area', { contentLength: 2 ** 50 }, /do not fit/],
      ['an inventory over the table', { contentLength: 4000, tableLength: 0 }],
      ['an inventory into the message', { contentLength: 300 }],
      ['sums beyond 2^53', { contentLength: 2 ** 53 - 1, dressingLength: 2 ** 53 - 1, tableLength: 2 ** 53 - 1 }],
      ['a dressing that is not there', { dressingLength: 32 }],
      ['no table', { tableLength: 0 }, /leaf table has not the length/],
      ['a table of a leaf more', { tableLength: 160 }, /leaf table has not the length/],
      ['no message', { cmsLength: 0 }],
      ['a message over the footer', { cmsLength: 100_000 }],
      ['a message of 2^53-1 bytes', { cmsLength: 2 ** 53 - 1 }],
      ['a message a byte longer', undefined],
      ['version 2', { version: 2 }, /version 2 is not known/],
      ['a reserved byte', { reserved: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1) }],
    ] satisfies (readonly [string, Partial<AreaMark> | undefined, RegExp?])[]
  ).map(([what, mark, says]): Attack => [what, 22, () => withMarks(bytes, mark === undefined ? longer() : mark), says]),
  ['a wrong checksum', 22, () => altered(bytes, (copy) => (copy[places.footer + 12] ^= 1))],
  ['header and footer that differ', 22, () => altered(withMarks(bytes, {}), (copy) => (copy[places.area + 63] = 1))],
  ['a number beyond 2^53', 22, () => altered(bytes, (copy) => copy.fill(0xff, places.footer + 16, places.footer + 24))],
  ['a header at the footer', 10, () => altered(bytes, (copy) => copy.set(bytes.subarray(places.area, places.area + 64), places.footer))],
]);

function longer(): Partial<AreaMark> {
  return { cmsLength: places.slack - places.cms + 1 };
}

describe('several signers', () => {
  test('rule 7: a stranger beside the publisher is named and fails nothing; alone he is nobody', async () => {
    const verdict = await judge(withStranger(ascii('nothing')));
    expect(verdict).toMatchObject({ exitCode: 0 });
    expect(verdict.checks).toContainEqual(
      expect.objectContaining({ name: 'path', status: 'skipped', message: expect.stringContaining('CN=Stranger') }),
    );
  });

  test('rule 9: a stranger with the example key makes no demonstration of a publisher’s image', async () => {
    const image = withStranger(ascii('nothing'));
    const stranger = (await judge(image)).signers.find(({ certificate }) => certificate.subject === 'CN=Stranger')!;
    const demonstrationKeys = new Set([stranger.certificate.spki]);
    expect(await judge(image, { demonstrationKeys })).toMatchObject({ exitCode: 0, demonstration: false });
    expect(await judge(image, { demonstrationKeys, anchors: [] })).toMatchObject({ exitCode: 30, demonstration: true });
  });

  test('rule 6, attack 37: one key twice is one signer', async () => {
    const twice = withStranger(ascii('nothing'), leaf.key);
    const verdict = await judge(twice);
    expect(verdict.signers).toHaveLength(2);
    expect(new Set(verdict.signers.map(({ keyValue }) => keyValue)).size).toBe(1);
  });

  test('attack 37: a stranger whose signature is wrong spoils the message', async () => {
    const image = withStranger(ascii('nothing'));
    const { cms: start, slack } = placesOf(image);
    const top = treeOf(image.subarray(start, slack));
    const info = at(top, 1, 0, 4).children.find((one) => Buffer.from(write(one)).includes('Stranger'))!;
    const signature = info.children.at(-1)!;
    signature.content = altered(signature.content, (copy) => (copy[20] ^= 1));
    at(top, 1, 0, 4).children.sort((left, right) => Buffer.compare(write(left), write(right)));
    await refused(withCms(sealed, write(top)), 23);
  });

  test('attack 46, rule 7: a timestamp of another signature is 34, after those who have the word before', async () => {
    expect(await judge(withToken(ascii('nothing')))).toMatchObject({ exitCode: 0 });
    await refused(
      withToken(ascii('nothing'), (signature) => altered(signature, (copy) => void (copy[9] ^= 1))),
      34,
    );
  });
});

describe('rule 12: the first failure in the order of the rules gives the code, and all are told', () => {
  const ORDER = [
    'E_READ',
    'E_UNCOVERED',
    'E_NO_SEAL',
    'E_SEAL',
    'E_SIGNATURE',
    'E_WEAK',
    'E_UNTRUSTED',
    'E_TIMESTAMP',
    'E_EXPIRED',
  ] as const;
  const REST = ['E_UNKNOWN_PUBLISHER', 'E_APPLE', 'E_TAMPERED'] as const;
  const all = ['E_INTERNAL', ...ORDER, ...REST] as const;
  const failed = (code: (typeof all)[number]): Check => ({ name: code, status: 'fail', code, message: '' });

  test('any two, whichever was found first', () => {
    for (const [index, first] of all.entries()) {
      for (const later of all.slice(index + 1)) {
        for (const checks of [
          [failed(first), failed(later)],
          [failed(later), failed(first)],
        ]) {
          expect(decidingFailure(checks)?.code, `${first} before ${later}`).toBe(first);
        }
      }
    }
    expect(decidingFailure([{ name: 'x', status: 'warning', message: '' }])).toBeUndefined();
  });

  const tampered = (image: Uint8Array): Uint8Array => altered(image, (copy) => (copy[1000] ^= 1));
  test.each([
    ['changed and nobody trusted', 30, () => tampered(bytes), { anchors: [] }],
    ['changed and the publisher not named', 31, () => tampered(bytes), { publishers: [] }],
    ['changed and expired', 32, () => tampered(bytes), { now: LONG_LIFE.notAfter + 86_400 }],
    ['changed and an Apple signature', 50, () => tampered(hole(new Uint8Array(100))), {}],
    ['an Apple signature and nobody trusted', 30, () => hole(new Uint8Array(100)), { anchors: [] }],
    ['slack and nobody trusted', 22, () => altered(bytes, (copy) => (copy[places.slack] = 1)), { anchors: [] }],
    ['slack and changed', 22, () => tampered(altered(bytes, (copy) => (copy[places.slack] = 1))), {}],
    ['a hidden file and nobody trusted', 20, () => withToken(zip(0)), { anchors: [] }],
    ['a hidden file and slack', [20, 22], () => altered(withToken(zip(0)), (copy) => (copy[places.footer - 1] = 1)), {}],
  ] as const)('%s: %o', async (_, exits, forge, more) => {
    const { checks } = await refused(forge(), exits, more);
    expect(checks.filter(({ status }) => status === 'fail').length).toBeGreaterThanOrEqual(
      typeof exits === 'number' && exits !== 22 ? 2 : 1,
    );
  });

  test('rule 3: an Apple signature alone is 50, and the content is as it was signed', async () => {
    const { checks } = await refused(hole(new Uint8Array(100).fill(9)), 50);
    expect(checks.filter(({ status }) => status === 'fail').map(({ name }) => name)).toEqual(['apple']);
    expect(checks).toContainEqual(expect.objectContaining({ name: 'content', status: 'ok' }));
  });
});

describe('rule 11: before the content is proven nothing is expanded', () => {
  const careful: Platform = { ...testPlatform, inflate: () => Promise.reject(new Error('it was expanded')) };
  test('a whole verification inflates nothing; quick never gives 0', async () => {
    expect(await judge(bytes, {}, careful)).toMatchObject({ exitCode: 0 });
    expect(await judge(bytes, { quick: true }, careful)).toMatchObject({ exitCode: 12 });
    expect(await judge(bytes, { deep: true }, careful)).toMatchObject({ exitCode: 20 });
    await refused(
      altered(bytes, (copy) => (copy[places.slack] = 1)),
      22,
      { quick: true },
    );
  });
});

describe('rule 11: of what nobody trusts no volume is read', () => {
  test('deep as it may be asked for', async () => {
    let expanded = 0;
    const counting: Platform = { ...testPlatform, inflate: (...input) => (expanded++, testPlatform.inflate(...input)) };
    const changed = altered(bytes, (copy) => (copy[places.area - 1] ^= 1));
    for (const [image, more] of [
      [bytes, { anchors: [] }],
      [bytes, { publishers: [] }],
      [changed, {}],
    ] as const) {
      const { checks } = await judge(image, { ...more, deep: true }, counting);
      expect(checks.map(({ name }) => name)).not.toContain('volume');
    }
    expect(expanded).toBe(0);
    await judge(bytes, { deep: true }, counting);
    expect(expanded).toBeGreaterThan(0);
  });
});

describe('attack 53: an image that changes while it is judged', () => {
  /** Another image from the n-th read on. */
  function turning(before: Uint8Array, after: Uint8Array, turn: number): Disk & { reads(): number } {
    let reads = 0;
    const [first, second] = [bytesDisk(before), bytesDisk(after)];
    return {
      ...first,
      read: (...range) => (reads++ < turn ? first : second).read(...range),
      extents: () => [{ position: 0, length: first.size, kind: 'opaque' }],
      reads: () => reads,
    };
  }
  const inventoryChanged = (): Uint8Array => {
    const found = Buffer.from(bytes).indexOf('Hello.app/hello');
    return altered(bytes, (copy) => copy.set(ascii('Hello.app/hellp'), found));
  };
  const OTHERS: Readonly<Record<string, () => Uint8Array>> = {
    'the data fork': () => altered(bytes, (copy) => copy.fill(0x41, 0, places.area)),
    'the plist': () => altered(bytes, (copy) => (copy[places.plist + 300] ^= 1)),
    'the trailer': () => koly({ sectorCount: 1 }),
    'the inventory': inventoryChanged,
    'the leaf table': () => altered(bytes, (copy) => copy.fill(0, places.table, places.cms)),
    'the message': () => withStranger(zip(0)),
    everything: () => new Uint8Array(bytes.length),
  };
  test.each(Object.entries(OTHERS))('%s: nothing but what was signed is ever given out', async (_, other) => {
    const changed = other();
    const whole = turning(bytes, bytes, Infinity);
    const { exitCode } = await judge(whole, { deep: true });
    expect(exitCode).toBe(0);
    for (let turn = 0; turn <= whole.reads(); turn++) {
      const disk = turning(bytes, changed, turn);
      const verdict = await judge(disk);
      if (verdict.exitCode !== 0) continue;
      const names = await verdict.inventory!().then(
        (entries) => entries.map(({ path }) => path).join(),
        (error: unknown) => expect(error).toMatchObject({ code: 'E_TAMPERED' }),
      );
      if (typeof names === 'string') expect(names).toContain('Hello.app/hello');
      for (const [from, to] of [
        [0, places.area],
        [places.plist, bytes.length],
      ] as const) {
        for (let position = from; position < to; position += 512) {
          const length = Math.min(512, to - position);
          const read = await verdict.disk!.read(position, length).catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'E_TAMPERED' });
            return undefined;
          });
          if (read) expect(Buffer.compare(read, bytes.subarray(position, position + length))).toBe(0);
        }
      }
    }
  });
});

test('rule 27: the statement is the identity, not the file: another signature by the same key says the same', async () => {
  const again = withCms(sealed, signAnyhow(encodeStatement(sealed.statement), leaf));
  expect(Buffer.compare(again, bytes)).not.toBe(0);
  expect((await judge(again)).statement).toEqual((await judge(bytes)).statement);
});

test('attack 36: a statement of another image, signed by the publisher, is 22', async () => {
  const older = await sealedImage(tree('Hello', [file('old', 'version')]), leaf);
  const { cms: start, slack } = placesOf(older.bytes);
  await refused(withCms(sealed, older.bytes.subarray(start, slack)), 22);
  await refused(withCms(sealed, signAnyhow(changedStatement(older, { seal: sealed.statement.seal }), leaf)), 22);
});
