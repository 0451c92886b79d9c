/**
 * dmg2img, a second opinion on the container alone: it unpacks a DMG into the disk that it holds.
 * Limit: it miscounts many images that Apple's own hdiutil made, so it says nothing about those.
 */
import { run } from '../tools.ts';

export const dmg2img = {
  name: 'dmg2img',
  commands: ['dmg2img'],
  packages: ['dmg2img'],
  /** @throws Error when it cannot */
  unpack(dmg: string, into: string): void {
    const { status, stdout, stderr } = run('dmg2img', ['-s', '-i', dmg, '-o', into]);
    if (status !== 0) throw new Error(`dmg2img ends with ${status}: ${stdout}${stderr}`);
  },
};
