/** The page's worker: judges one image beside the page, which stays awake, and tells how far it is. */
import { type Disk, opaqueDisk } from '../core/disk.ts';
import { decodeBase64 } from '../pki/base64.ts';
import type { InventoryEntry } from '../seal/inventory.ts';
import { type Anchor, parseAnchors, parseFingerprint } from '../trust/anchor.ts';
import { DEMONSTRATION_KEYS } from '../trust/demonstration.ts';
import { RELEASED } from '../trust/release-date.ts';
import { verify } from '../verify/verify.ts';
import { blobDisk } from '../web/blob-disk.ts';
import { webPlatform } from '../web/platform.ts';
import type { Answer, PageVerdict, Question, ShownEntry, ShownInventory } from './messages.ts';

/** A page with a million rows helps nobody. */
const SHOWN_ENTRIES = 1000;
/** Milliseconds. */
const BETWEEN_REPORTS = 80;

addEventListener('message', ({ data }: MessageEvent<Question>) => {
  judge(data).then(
    (verdict) => tell({ kind: 'verdict', verdict }),
    (error: unknown) => tell({ kind: 'fault', message: error instanceof Error ? error.message : String(error) }),
  );
});

function tell(answer: Answer): void {
  postMessage(answer);
}

async function judge({ image, seal, settings, now }: Question): Promise<PageVerdict> {
  const { publishers, products } = settings;
  const policy = {
    anchors: settings.trust.flatMap(anchorsOf),
    timestampAnchors: settings.timestampTrust.flatMap(anchorsOf),
    publishers,
    products,
    now,
    notEarlierThan: RELEASED,
    demonstrationKeys: DEMONSTRATION_KEYS,
    ...(seal ? { seal: blobDisk(seal) } : {}),
  };
  const verdict = await verify(observed(blobDisk(image)), policy, webPlatform());
  const { exitCode, code, checks, statement, signers, demonstration } = verdict;
  const inventory = verdict.inventory && shown(await verdict.inventory());
  return { exitCode, code, checks, statement, signers, demonstration, inventory };
}

function anchorsOf(text: string): Anchor[] {
  const fingerprint = parseFingerprint(text);
  if (fingerprint) return [fingerprint];
  const bytes = decodeBase64(text);
  if (!bytes) throw new Error('this page is damaged: a certificate in it cannot be read');
  return parseAnchors(bytes);
}

/** Nearly all bytes are read once, for the digests: bytes read are how far it is. */
function observed(disk: Disk): Disk {
  let done = 0;
  let told = 0;
  return opaqueDisk(disk.size, async (position, into) => {
    await disk.read(position, into.length, into);
    done = Math.min(disk.size, done + into.length);
    const now = performance.now();
    if (now - told < BETWEEN_REPORTS) return;
    told = now;
    tell({ kind: 'progress', done, total: disk.size });
  });
}

function shown(entries: readonly InventoryEntry[]): ShownInventory {
  const count = (type: InventoryEntry['type']): number => entries.filter((entry) => entry.type === type).length;
  const bytes = entries.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.size : 0), 0);
  const counts = { files: count('file'), folders: count('folder'), links: count('symlink'), bytes };
  return { ...counts, entries: entries.slice(0, SHOWN_ENTRIES).map(entryOf) };
}

function entryOf(entry: InventoryEntry): ShownEntry {
  const { path, type } = entry;
  if (type === 'file') return { path, type, size: entry.size };
  return type === 'symlink' ? { path, type, target: entry.target } : { path, type };
}
