/**
 * One share of the sweep: changes a sealed image in many ways and verifies each.
 *
 *   node sweep.mjs IMAGE CERTIFICATE STRIDE SHARE OF
 *
 * Every STRIDE-th byte gets one bit flipped, every length at steps of 512 bytes is cut off, and one byte is appended.
 * This process takes each OF-th of these, beginning with SHARE. It prints one JSON object: how often each exit code came,
 * and the changes that were not refused as they should be.
 */
import { readFileSync } from 'node:fs';
import { bytesDisk } from '../../dist/core/disk.js';
import { nodePlatform } from '../../dist/node/platform.js';
import { parseAnchors } from '../../dist/trust/anchor.js';
import { verify } from '../../dist/verify/verify.js';

/** docs/seal-format.md section 9: no seal; container; content; seal; signature; timestamp. */
const REFUSALS = new Set([10, 20, 21, 22, 23, 34]);

const [imagePath, certificatePath, ...numbers] = process.argv.slice(2);
const [stride, share, of] = numbers.map(Number);
const image = new Uint8Array(readFileSync(imagePath));
const platform = nodePlatform({ width: 1, run: async (task, input) => (await task.run(input, platform)).value });
const policy = { anchors: parseAnchors(new Uint8Array(readFileSync(certificatePath))), publishers: [], now: 1_767_225_600 };

const codes = {};
const wrong = [];

const untouched = await verify(bytesDisk(image), policy, platform);
if (untouched.exitCode !== 0) throw new Error(`the untouched image is refused: ${JSON.stringify(untouched.checks)}`);

for (let offset = share * stride; offset < image.length; offset += of * stride) {
  const bit = 1 << (offset % 8);
  image[offset] ^= bit;
  await expectRefusal(image, `bit ${bit} of byte ${offset} flipped`);
  image[offset] ^= bit;
}
for (let length = share * 512; length < image.length; length += of * 512) {
  await expectRefusal(image.subarray(0, length), `cut to ${length} bytes`);
}
if (share === 0) {
  for (const byte of [0, 1, 0xff]) await expectRefusal(Uint8Array.of(...image, byte), `byte ${byte} appended`);
}
console.log(JSON.stringify({ codes, wrong }));

async function expectRefusal(bytes, what) {
  const { exitCode, code, disk } = await verify(bytesDisk(bytes), policy, platform).catch((error) => ({
    exitCode: 1,
    code: String(error),
  }));
  codes[exitCode] = (codes[exitCode] ?? 0) + 1;
  if (!REFUSALS.has(exitCode) || disk) wrong.push(`${what}: ${exitCode} ${code}`);
}
