/** Which dropped file is the image, and which the seal. */
import { describe, expect, test } from 'vitest';
import { chosenFiles } from '../../src/page/chosen-files.ts';

const named = (...names: string[]) => names.map((name) => ({ name }));

describe('chosen files', () => {
  test('an image alone, and one with its seal in either order', () => {
    expect(chosenFiles(named('a.dmg'))).toEqual({ image: { name: 'a.dmg' }, seal: undefined });
    const both = { image: { name: 'a.iso' }, seal: { name: 'a.iso.SEAL' } };
    expect(chosenFiles(named('a.iso', 'a.iso.SEAL'))).toEqual(both);
    expect(chosenFiles(named('a.iso.SEAL', 'a.iso'))).toEqual(both);
  });
  test('a seal alone waits for its image', () => {
    const [seal] = named('a.iso.seal');
    expect(chosenFiles([seal])).toMatchObject({ seal, note: expect.stringContaining('a.iso.seal') });
    expect(chosenFiles(named('a.iso'), seal)).toEqual({ image: { name: 'a.iso' }, seal });
  });
  test('nothing, two images, two seals: a word on it, and no image', () => {
    for (const names of [[], ['a.dmg', 'b.dmg'], ['a.seal', 'b.seal'], ['a.dmg', 'a.seal', 'b.seal']]) {
      const chosen = chosenFiles(named(...names));
      expect(chosen).not.toHaveProperty('image');
      expect(chosen).toMatchObject({ note: expect.stringMatching(/\w/) });
    }
  });
});
