import { describe, expect, test } from 'vitest';
import { EMPTY_MEMORY, type Experience, lookUp, type Memory, releaseFault, remember, type Signatory } from '../../src/trust/pins.ts';
import { parseMemory, writeMemory } from '../../src/trust/remembered.ts';

const hex = (digit: string): string => digit.repeat(64);
const alice: Signatory = { anchor: hex('a'), subject: 'CN=Alice', spki: hex('1') };
const release = { version: '1.0.0', platform: 'any', arch: 'universal', channel: 'stable', content: hex('c') };
const experience = (more: Partial<Experience> = {}): Experience => ({
  product: 'com.example.hello',
  signatories: [alice],
  release,
  time: 0,
  rule: 'key',
  ...more,
});
const after = (...experiences: Partial<Experience>[]): Memory =>
  experiences.reduce((memory, more) => remember(memory, experience(more)), EMPTY_MEMORY);
const kindOf = (memory: Memory, signatory: Partial<Signatory>, product = 'com.example.hello'): string =>
  lookUp(memory, product, { ...alice, ...signatory }).kind;

describe('rule 17: pins', () => {
  test('hold a product to a key', () => {
    const memory = after({});
    expect(kindOf(memory, {})).toBe('known');
    expect(kindOf(memory, {}, 'com.example.other')).toBe('unknown');
    expect(kindOf(memory, { spki: hex('2') })).toBe('new-key');
    expect(kindOf(memory, { spki: hex('2'), subject: 'CN=Alice2' })).toBe('other');
    expect(kindOf(memory, { spki: hex('2'), anchor: hex('b') })).toBe('other');
  });

  test('hold it to a name under a root instead, where that was chosen', () => {
    const memory = after({ rule: 'subject' });
    expect(kindOf(memory, { spki: hex('2') })).toBe('known');
    expect(kindOf(memory, { spki: hex('2'), subject: 'CN=Alice2' })).toBe('other');
    expect(kindOf(memory, { spki: hex('2'), anchor: hex('b') })).toBe('other');
    // What was chosen first stays.
    expect(remember(memory, experience({ rule: 'key' })).publishers[0].rule).toBe('subject');
  });

  test('let in the keys that the newest statement of a pinned key names, and no others', () => {
    const named = after({ next: [hex('2')] });
    expect(kindOf(named, { spki: hex('2') })).toBe('known');
    expect(kindOf(named, { spki: hex('3') })).toBe('new-key');
    const renewed = remember(named, experience({ signatories: [{ ...alice, spki: hex('2') }], release: { ...release, version: '2.0.0' } }));
    expect(renewed.publishers).toMatchObject([{ keys: [hex('1'), hex('2')], next: [] }]);
    // A newer statement that names no keys takes the old word back.
    expect(kindOf(remember(named, experience({ release: { ...release, version: '1.1.0' } })), { spki: hex('2') })).toBe('new-key');
    // An older one of another channel does not.
    const beta = experience({ release: { ...release, version: '0.9.0', channel: 'beta' } });
    expect(kindOf(remember(named, beta), { spki: hex('2') })).toBe('known');
  });

  test('one signer of two: only what is remembered of him is renewed', () => {
    const bob = { ...alice, subject: 'CN=Bob', spki: hex('5') };
    const both = after({ signatories: [alice, bob], next: [hex('2')] });
    const [first, second] = remember(both, experience({ signatories: [bob], release: { ...release, version: '2.0.0' } })).publishers;
    expect(first).toEqual(both.publishers[0]);
    expect(second).toMatchObject({ next: [], releases: [{ version: '2.0.0' }] });
  });

  test('a release that stands in no order to those of other tracks counts as the newest', () => {
    const named = after({ next: [hex('2')] }, { next: [hex('3')], release: { ...release, version: 'nightly', channel: 'nightly' } });
    expect(named.publishers[0].next).toEqual([hex('3')]);
  });

  test('are made for each signer of one image', () => {
    const memory = after({ signatories: [alice, { ...alice, subject: 'CN=Bob', spki: hex('5') }] });
    expect(memory.publishers).toHaveLength(2);
    expect(kindOf(memory, { subject: 'CN=Bob', spki: hex('5') })).toBe('known');
  });
});

describe('rule 16: releases seen', () => {
  const [pin] = after({ release: { ...release, version: '1.5.0', build: 7 } }).publishers;

  test.each([
    ['the same again', { version: '1.5.0', build: 7 }, undefined],
    ['a newer one', { version: '1.4.0', build: 8 }, undefined],
    ['an older build', { version: '1.6.0', build: 6 }, 'older'],
    ['an older version without a build', { version: '1.4.0' }, 'older'],
    ['a newer version without a build', { version: '1.6.0' }, undefined],
    ['the same build with other content', { version: '1.5.0', build: 7, content: hex('d') }, 'other-content'],
    ['the same build under another version with other content', { version: '1.6.0', build: 7, content: hex('d') }, 'other-content'],
    ['a version without an order', { version: 'next' }, 'unordered'],
    ['an older one of another channel', { version: '1.0.0', channel: 'beta' }, undefined],
    ['an older one for another platform', { version: '1.0.0', platform: 'linux' }, undefined],
    ['an older one for another architecture', { version: '1.0.0', arch: 'arm64' }, undefined],
  ])('%s', (_, change, expected) => expect(releaseFault(pin, { ...release, ...change })?.fault).toBe(expected));

  test('the newest of each track is kept, and the newest time', () => {
    const memory = after(
      { time: 5 },
      { release: { ...release, channel: 'beta' }, time: 9 },
      { release: { ...release, version: '1.1.0' }, time: 7 },
    );
    expect(memory.time).toBe(9);
    expect(memory.publishers[0].releases.map(({ channel, version }) => `${channel} ${version}`)).toEqual(['beta 1.0.0', 'stable 1.1.0']);
  });
});

describe('rule 16: what is remembered, as bytes', () => {
  const memory = after({ next: [hex('2')], time: 3 }, { release: { ...release, build: 4, channel: 'beta' } });
  const text = new TextDecoder().decode(writeMemory(memory));
  const parse = (changed: string): Memory => parseMemory(new TextEncoder().encode(changed));

  test('come back as they were', () => expect(parse(text)).toEqual(memory));

  test.each([
    ['nothing', () => ''],
    ['half of it', () => text.slice(0, 200)],
    ['another type', () => text.replace('publishers/1', 'publishers/2')],
    ['an unknown member', () => text.replace('"time"', '"extra": 1, "time"')],
    ['a missing member', () => text.replace('"rule": "key",', '')],
    ['a key that is none', () => text.replace(hex('1'), 'xyz')],
    ['no key', () => text.replace(`"${hex('1')}"`, '')],
    ['a time that is no number', () => text.replace('"time": 3', '"time": "3"')],
    ['a negative time', () => text.replace('"time": 3', '"time": -3')],
    ['a list', () => '[]'],
    ['null', () => 'null'],
  ])('%s is damage', (_, change) => expect(() => parse(change())).toThrow(expect.objectContaining({ code: 'E_STATE' })));

  test('every byte cut off or changed is damage or the same form', () => {
    for (let length = 0; length < text.length - 1; length += 7) expect(() => parse(text.slice(0, length))).toThrow(/damaged/);
  });
});
