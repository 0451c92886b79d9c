/**
 * One share of the sweep: changes a sealed image in many ways and verifies each.
 *
 *   node sweep.mjs FOLDER STRIDE SHARE OF
 *
 * The folder holds `image`, `trusted` (certificates), `policy.json` and, as the case may be, `seal` and `authority` (of timestamps).
 * Every STRIDE-th byte gets one bit flipped, every length at steps of 512 bytes is cut off, and one byte is appended: of the image
 * and, where it has one, of the file of its detached seal.
 * This process takes each OF-th of these, beginning with SHARE. It prints one JSON object: how often each exit code came,
 * and the changes that were not refused as they should be.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesDisk } from '../../dist/core/disk.js';
import { nodePlatform } from '../../dist/node/platform.js';
import { parseAnchors } from '../../dist/trust/anchor.js';
import { verify } from '../../dist/verify/verify.js';

/** docs/seal-format.md section 9: no seal; container; content; seal; signature; timestamp; a second signer who is wanted. */
const REFUSALS = new Set([10, 20, 21, 22, 23, 34, 42]);

const [folder, ...numbers] = process.argv.slice(2);
const [stride, share, of] = numbers.map(Number);
const platform = nodePlatform({ width: 1, run: async (task, input) => (await task.run(input, platform)).value });
const read = (name) => (existsSync(join(folder, name)) ? new Uint8Array(readFileSync(join(folder, name))) : undefined);
const [image, seal, authority] = [read('image'), read('seal'), read('authority')];
const policy = {
  anchors: parseAnchors(read('trusted')),
  publishers: [],
  now: 1_780_272_000,
  ...(authority ? { timestampAnchors: parseAnchors(authority) } : {}),
  ...JSON.parse(readFileSync(join(folder, 'policy.json'), 'utf8')),
};

const codes = {};
const wrong = [];

const untouched = await judge(image, seal);
if (untouched.exitCode !== 0) throw new Error(`the untouched image is refused: ${JSON.stringify(untouched.checks)}`);
await sweep(image, 'image', (changed) => judge(changed, seal));
if (seal) await sweep(seal, 'seal', (changed) => judge(image, changed));
console.log(JSON.stringify({ codes, wrong }));

function judge(bytes, detached) {
  return verify(bytesDisk(bytes), detached ? { ...policy, seal: bytesDisk(detached) } : policy, platform);
}

async function sweep(bytes, name, judged) {
  for (let offset = share * stride; offset < bytes.length; offset += of * stride) {
    const bit = 1 << (offset % 8);
    bytes[offset] ^= bit;
    await expectRefusal(judged(bytes), `bit ${bit} of byte ${offset} of the ${name} flipped`);
    bytes[offset] ^= bit;
  }
  for (let length = share * 512; length < bytes.length; length += of * 512) {
    await expectRefusal(judged(bytes.subarray(0, length)), `the ${name} cut to ${length} bytes`);
  }
  if (share > 0) return;
  for (const byte of [0, 1, 0xff]) await expectRefusal(judged(appended(bytes, byte)), `byte ${byte} appended to the ${name}`);
}

function appended(bytes, byte) {
  const longer = new Uint8Array(bytes.length + 1).fill(byte);
  longer.set(bytes);
  return longer;
}

async function expectRefusal(verdict, what) {
  const { exitCode, code, disk } = await verdict.catch((error) => ({ exitCode: 1, code: String(error) }));
  codes[exitCode] = (codes[exitCode] ?? 0) + 1;
  if (!REFUSALS.has(exitCode) || disk) wrong.push(`${what}: ${exitCode} ${code}`);
}
