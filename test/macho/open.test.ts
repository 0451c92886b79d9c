/** Programs made by the test, and programs of other people that stand in node_modules as far as npm brought them. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bytesDisk } from '../../src/core/disk.ts';
import { DisksealError } from '../../src/core/errors.ts';
import { isMachO, open } from '../../src/formats/macho/open.ts';
import { machO, universal } from '../support/mach-o.ts';

const X86_64 = [0x0100_0007, 3] as const;

async function codeOf(bytes: Uint8Array): Promise<string> {
  return open(bytesDisk(bytes)).then(
    () => 'accepted',
    (error: unknown) => (error instanceof DisksealError ? error.code : `escaped: ${String(error)}`),
  );
}

/** One 32-bit word changed. */
function changed(bytes: Uint8Array, at: number, value: number, little = true): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(at, value, little);
  return copy;
}

describe('programs', () => {
  test('for one processor', async () => {
    expect(await open(bytesDisk(machO({ minimum: '12.3', signed: true })))).toEqual([
      { offset: 0, size: 80, architecture: 'arm64', fileType: 'execute', platform: 'macos', minimumSystem: '12.3', signed: true },
    ]);
    expect(await open(bytesDisk(machO({ cpu: X86_64, old: true, minimum: '10.13', fileType: 6 })))).toMatchObject([
      { architecture: 'x86_64', fileType: 'dylib', platform: 'macos', minimumSystem: '10.13', signed: false },
    ]);
    expect(await open(bytesDisk(machO({ minimum: '', cpu: [99, 1], fileType: 99 })))).toMatchObject([
      { architecture: 'cpu 99/1', fileType: 'type 99', platform: undefined, minimumSystem: undefined },
    ]);
  });

  test('for two', async () => {
    const both = universal([machO({ cpu: X86_64, minimum: '10.15' }), machO()]);
    expect((await open(bytesDisk(both))).map(({ architecture, minimumSystem, offset }) => [architecture, minimumSystem, offset])).toEqual([
      ['x86_64', '10.15', 4096],
      ['arm64', '11.0', 8192],
    ]);
  });

  test('what is none', async () => {
    const java = Uint8Array.of(0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61, ...new Uint8Array(100));
    for (const [bytes, expected] of [
      [machO(), true],
      [universal([machO()]), true],
      [java, false],
      [new TextEncoder().encode('#!/bin/sh\n'.repeat(20)), false],
      [new Uint8Array(), false],
    ] as const) {
      expect(await isMachO(bytesDisk(bytes))).toBe(expected);
    }
    expect(await codeOf(java)).toBe('E_UNSUPPORTED');
  });

  const both = universal([machO({ cpu: X86_64 }), machO()]);
  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['a script', new TextEncoder().encode('#!/bin/sh\n'.repeat(20))],
    ['commands past the end', changed(machO(), 20, 4096)],
    ['commands of 4 GiB', changed(machO(), 20, 0xffff_ffff)],
    ['more commands than there are', changed(machO(), 16, 3)],
    ['fewer commands than there are', changed(machO(), 16, 0)],
    ['a command of no size', changed(machO(), 36, 0)],
    ['a command that leaves the others', changed(machO(), 36, 4096)],
    ['a command of an odd size', changed(machO(), 36, 23)],
    ['no architecture', changed(both, 4, 0, false)],
    ['a list of architectures that is cut short', both.subarray(0, 40)],
    ['an architecture past the end', changed(both, 16, 0x7fff_0000, false)],
    ['architectures that overlap', changed(both, 36, 4096, false)],
    ['an architecture over the list', changed(both, 16, 8, false)],
    ['the same architecture twice', universal([machO(), machO()])],
    ['a program inside that is none', changed(both, 4096, 0)],
  ])('%s is E_UNSUPPORTED', async (_, bytes) => {
    expect(await codeOf(bytes)).toBe('E_UNSUPPORTED');
  });

  test('every byte changed: an answer or a DisksealError', async () => {
    for (let at = 0; at < both.length; at++) {
      if (at > 64 && at % 4096 > 80) continue;
      for (const value of [0, 1, 0x7f, 0xff]) {
        expect(await codeOf(Uint8Array.from(both, (byte, index) => (index === at ? value : byte)))).toMatch(/accepted|E_UNSUPPORTED/);
      }
    }
  });

  // fsevents brings a universal bundle, on a Mac only; elsewhere the corpus' list names the package.
  const fsevents = new URL('../../node_modules/fsevents/fsevents.node', import.meta.url);
  if (!existsSync(fsevents)) console.warn('skipped: fsevents is not installed on this system, so no program of another maker is read');
  test.runIf(existsSync(fsevents))('a universal bundle of another maker', async () => {
    expect((await open(bytesDisk(readFileSync(fsevents)))).map(({ architecture }) => architecture)).toEqual(['x86_64', 'arm64']);
  });
});
