// Draws the window's background, once for plain and once for Retina screens: node examples/hello/art/draw.mjs
// The tones let black and white labels be read alike: the Finder's are black in light windows and white in dark ones.
import { writeFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';

const SIZE = { width: 640, height: 400 };
const ARROW = { from: 268, to: 372, y: 190, half: 5, head: 22 };
/** Rows of colours from the top down, changing in steps that a small file can hold. */
const TONES = Array.from({ length: 16 }, (_, index) => [78 - index, 130 - index, 178 - index]);
const LIGHT = [228, 238, 247];

/** The arrow's share of a pixel, from 4 by 4 points in it. */
function coverage(x, y, step) {
  let hits = 0;
  for (let index = 0; index < 16; index++) {
    const px = x + (((index & 3) + 0.5) * step) / 4;
    const py = y + (((index >> 2) + 0.5) * step) / 4;
    const off = Math.abs(py - ARROW.y);
    const inShaft = px >= ARROW.from && px <= ARROW.to - ARROW.head && off <= ARROW.half;
    const inHead = px >= ARROW.to - ARROW.head && px <= ARROW.to && off <= ((ARROW.to - px) / ARROW.head) * ARROW.head * 0.8;
    if (inShaft || inHead) hits++;
  }
  return hits / 16;
}

function draw(scale) {
  const [width, height] = [SIZE.width * scale, SIZE.height * scale];
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y++) {
    const tone = TONES[Math.floor((y * TONES.length) / height)];
    for (let x = 0; x < width; x++) {
      const part = coverage(x / scale, y / scale, 1 / scale);
      const color = tone.map((value, index) => Math.round(value + (LIGHT[index] - value) * part));
      rows.set(color, y * (1 + width * 3) + 1 + 3 * x);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...chunks]);
}

function chunk(type, data) {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const whole = Buffer.alloc(named.length + 8);
  whole.writeUInt32BE(data.length, 0);
  named.copy(whole, 4);
  whole.writeUInt32BE(crc32(named), named.length + 4);
  return whole;
}

for (const [name, scale] of [['background.png', 1], ['background@2x.png', 2]]) writeFileSync(new URL(name, import.meta.url), draw(scale));
