/** A UDIF image's property list, and the block tables inside its base64, changed so that the trailer still finds them. */
import { mutateBytes } from './mutate-bytes.mjs';
import { mutateXml } from './mutate-text.mjs';
import { pick } from './random.mjs';

const TRAILER = 512;
const XML_OFFSET = 216;
const XML_LENGTH = 224;

export function mutateUdif(bytes, random, other, words) {
  const parts = partsOf(bytes);
  if (!parts) return undefined;
  const { before, plist, after, trailer } = parts;
  const kind = random(8);
  let changed = plist;
  if (kind === 0) mutateBytes(trailer, random, other, words);
  else if (kind < 3) changed = mutateXml(plist, random, partsOf(other)?.plist ?? plist, words) ?? plist;
  else changed = withTable(plist, random, other);
  const made = new Uint8Array(Buffer.concat([before, changed, after, trailer]));
  new DataView(made.buffer).setBigUint64(made.length - TRAILER + XML_LENGTH, BigInt(changed.length));
  return made;
}

function partsOf(bytes) {
  if (bytes.length < TRAILER) return undefined;
  const trailer = bytes.slice(-TRAILER);
  const view = new DataView(trailer.buffer);
  const start = Number(view.getBigUint64(XML_OFFSET));
  const length = Number(view.getBigUint64(XML_LENGTH));
  const end = bytes.length - TRAILER;
  if (start + length > end) return undefined;
  return {
    before: bytes.subarray(0, start),
    plist: bytes.subarray(start, start + length),
    after: bytes.subarray(start + length, end),
    trailer,
  };
}

/** Header of a block table: 204 bytes; its runs: 40 each. */
function withTable(plist, random, other) {
  const text = Buffer.from(plist).toString('latin1');
  const found = [...text.matchAll(/<data>([^<]*)<\/data>/g)];
  if (found.length === 0) return plist;
  const { 1: encoded, index } = pick(random, found);
  const table = new Uint8Array(Buffer.from(encoded, 'base64'));
  const kind = random(4);
  let changed = table;
  if (kind === 0 && table.length > 284) {
    const runs = Math.floor((table.length - 204) / 40);
    const [from, to] = [random(runs), random(runs)];
    table.copyWithin(204 + 40 * to, 204 + 40 * from, 244 + 40 * from);
  } else for (let left = 1 + random(3); left > 0; left--) changed = mutateBytes(changed, random, other, []);
  // Half the time the count of runs fits.
  if (random(2) === 0 && changed.length >= 204)
    new DataView(changed.buffer, changed.byteOffset).setUint32(200, Math.floor((changed.length - 204) / 40));
  const start = index + '<data>'.length;
  return Buffer.from(text.slice(0, start) + Buffer.from(changed).toString('base64') + text.slice(start + encoded.length), 'latin1');
}
