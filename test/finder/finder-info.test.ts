import { describe, expect, it } from 'vitest';
import { applyFinderSettings, describeFinderInfo, FINDER_FLAGS, FinderInfo } from '../../src/formats/finder/finder-info.ts';
import { FINDER_FLAG_NAMES } from '../../src/manifest/schema.ts';

describe('Finder info', () => {
  it('has type, creator, flags and label in their places', () => {
    const info = applyFinderSettings({ type: 'APPL', creator: 'hELO', flags: ['hasBundle', 'customIcon'], label: 7 });
    expect(info).toHaveLength(32);
    expect(FinderInfo.read(info)).toMatchObject({ type: 'APPL', creator: 'hELO', flags: 0x2000 | 0x0400 | 0x000e });
    expect(describeFinderInfo(info)).toEqual({ flags: ['customIcon', 'hasBundle'], label: 7, unknownFlags: 0 });
  });

  it('keeps what is not said', () => {
    const before = Uint8Array.from({ length: 32 }, (_, index) => index + 1);
    const after = applyFinderSettings({ label: 0 }, before);
    expect([...after]).toEqual([...before].map((byte, index) => (index === 9 ? byte & ~0x0e : byte)));
    expect([...applyFinderSettings({}, before)]).toEqual([...before]);
    expect(before[9]).toBe(10);
  });

  it('replaces all flags and leaves the label', () => {
    const before = applyFinderSettings({ flags: ['invisible'], label: 3 });
    expect(describeFinderInfo(applyFinderSettings({ flags: ['alias'] }, before))).toEqual({ flags: ['alias'], label: 3, unknownFlags: 0 });
  });

  it.each(['abc', 'abcde', 'ab\u00e9d'])('refuses the type %j', (type) => {
    expect(() => applyFinderSettings({ type })).toThrow('four ASCII characters');
  });

  it('has the flag names that a manifest may use', () => {
    expect(Object.keys(FINDER_FLAGS)).toEqual([...FINDER_FLAG_NAMES]);
  });
});
