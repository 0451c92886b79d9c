import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesDisk, type Disk } from '../../src/core/disk.ts';
import { DisksealError } from '../../src/core/errors.ts';
import { isAppleDouble, readAppleDouble, writeAppleDouble } from '../../src/formats/finder/apple-double.ts';

const bytesOf = (disk: Disk): Promise<Uint8Array> => disk.read(0, disk.size);
const disk = (text: string): Disk => bytesDisk(new TextEncoder().encode(text));
const finderInfo = Uint8Array.from({ length: 32 }, (_, index) => index + 1);

async function plain({ finderInfo, resourceFork, xattrs }: Awaited<ReturnType<typeof readAppleDouble>>) {
  const values = await Promise.all([...xattrs].map(async ([name, value]) => [name, [...(await bytesOf(value))]] as const));
  return {
    finderInfo: finderInfo && [...finderInfo],
    fork: resourceFork && [...(await bytesOf(resourceFork))],
    xattrs: Object.fromEntries(values),
  };
}

describe('AppleDouble', () => {
  it('has the layout that Darwin writes', async () => {
    const file = await bytesOf(writeAppleDouble({ finderInfo, resourceFork: disk('FORK'), xattrs: new Map([['k', disk('value')]]) }));
    // Header, two entries, Finder info, padding, then at 84 the attribute header and at 120 its one entry (16 bytes).
    expect(Buffer.from(file.subarray(0, 50)).toString('hex')).toBe(
      `0005160700020000${Buffer.from('Mac OS X        ').toString('hex')}000200000009000000320000005b000000020000008d00000004`,
    );
    expect(Buffer.from(file.subarray(84, 120)).toString('hex')).toBe(`41545452000000000000008d0000008800000005${'00'.repeat(12)}00000001`);
    expect(Buffer.from(file.subarray(120, 136)).toString('hex')).toBe('00000088000000050000026b00000000');
    expect(Buffer.from(file.subarray(136)).toString()).toBe('valueFORK');
  });

  it('reads what it writes', async () => {
    const value = fc.uint8Array({ maxLength: 40 });
    const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }).filter((text) => !text.includes('\0'));
    const input = fc.record({
      finder: fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 })),
      fork: fc.option(value),
      xattrs: fc.array(fc.tuple(name, value), { maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(input, async ({ finder, fork, xattrs }) => {
        const given = {
          finderInfo: finder ?? undefined,
          resourceFork: fork ? bytesDisk(fork) : undefined,
          xattrs: new Map(xattrs.map(([key, bytes]) => [key, bytesDisk(bytes)])),
        };
        const found = await plain(await readAppleDouble(writeAppleDouble(given)));
        expect(found).toEqual({
          finderInfo: finder?.some((byte) => byte !== 0) ? [...finder] : undefined,
          fork: fork && fork.length > 0 ? [...fork] : undefined,
          xattrs: Object.fromEntries(xattrs.map(([key, bytes]) => [key, [...bytes]])),
        });
      }),
      { numRuns: 200 },
    );
  });

  it('takes the fork that says it was left blank for none', async () => {
    const fork = new Uint8Array(286);
    fork.set(new TextEncoder().encode('This resource fork intentionally left blank   '), 16);
    expect((await readAppleDouble(writeAppleDouble({ resourceFork: bytesDisk(fork), xattrs: new Map() }))).resourceFork).toBeUndefined();
  });

  it('knows its own kind by the magic number', async () => {
    expect(await isAppleDouble(writeAppleDouble({ xattrs: new Map() }))).toBe(true);
    expect(await isAppleDouble(disk('x'))).toBe(false);
    expect(await isAppleDouble(bytesDisk(new Uint8Array(100)))).toBe(false);
  });

  it.each(['', 'n\0', 'x'.repeat(128), '\u00e9'.repeat(64)])('does not write the name %j', (name) => {
    expect(() => writeAppleDouble({ xattrs: new Map([[name, disk('')]]) })).toThrow('cannot be an attribute’s name');
  });

  it.each([
    [0, 1, 'AppleDoubleHeader.magic'],
    [4, 1, 'AppleDoubleHeader.version'],
    [24, 0xff, 'AppleDoubleHeader.entryCount'],
    [29, 2, 'AppleDoubleEntry.id'],
    [30, 0xff, 'AppleDoubleEntry.offset'],
    [34, 0xff, 'AppleDoubleEntry.offset'],
    [120, 0xff, 'AttributeEntry.offset'],
    [124, 0xff, 'AttributeEntry.offset'],
    [130, 0xff, 'AttributeEntry.nameLength'],
    [130, 1, 'AttributeEntry.nameLength'],
    [131, 0xff, 'AttributeEntry.name'],
    [119, 2, undefined],
  ])('refuses a file with byte %i set to %i', async (at, value, field) => {
    const file = await bytesOf(writeAppleDouble({ finderInfo, resourceFork: disk('FORK'), xattrs: new Map([['k', disk('value')]]) }));
    file[at] = value;
    const error = await readAppleDouble(bytesDisk(file)).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(DisksealError);
    if (field !== undefined) expect(error).toMatchObject({ field });
  });

  it('fails only with an error of ours, whatever the bytes', async () => {
    const file = await bytesOf(
      writeAppleDouble({
        finderInfo,
        resourceFork: disk('FORK'),
        xattrs: new Map([
          ['key', disk('value')],
          ['k2', disk('v')],
        ]),
      }),
    );
    const damage = fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(file.length), async (changes, length) => {
        const bytes = file.slice(0, length);
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        await readAppleDouble(bytesDisk(bytes)).then(plain, (error: unknown) => expect(error).toBeInstanceOf(DisksealError));
      }),
      { numRuns: 1000 },
    );
  });
});
