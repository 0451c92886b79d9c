/**
 * The pipeline from an image to a verdict. Before the statement is believed only the trailer, the area's marks and the
 * CMS are parsed; nothing is decompressed. Any doubt is a refusal. Rules: docs/seal-format.md section 9.
 */
import { type Disk, sliceDisk } from '../core/disk.ts';
import { DisksealError, type ErrorCode, EXIT_CODES } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { toHex } from '../core/struct.ts';
import { equalBytes } from '../pki/der.ts';
import { readCms, type SealPlace } from '../seal/area.ts';
import { type Coverage, leafRange } from '../seal/coverage.ts';
import { withoutFrame } from '../seal/dmg.ts';
import { hashCoverage } from '../seal/hash-coverage.ts';
import { treeRoot } from '../seal/hash-tree.ts';
import type { InventoryEntry } from '../seal/inventory.ts';
import { detachedPlace, findSeal, hasSeal, imageKind } from '../seal/place.ts';
import { parseStatement, type Statement } from '../seal/statement.ts';
import { agree, differingMembers, placeOfSigned } from './agreement.ts';
import { policyChecks } from './policy-checks.ts';
import { type ProvenLeaves, provenLeaves } from './proven-leaves.ts';
import { checkArea, readInventory, readTable } from './sealed-area.ts';
import { checkSignatures, policiesOf, type SignatureExpectations, type SignerReport } from './signature.ts';
import { type Check, decidingFailure, failure } from './verdict.ts';
import { type VerifiedDisk, verifiedDisk } from './verified-disk.ts';

export interface VerifyPolicy extends SignatureExpectations {
  /** Check seal and signature only: exit code 12 at best, and reads are checked as they come. */
  readonly quick?: boolean;
  /** Also read the volume and compare it with the inventory. */
  readonly deep?: boolean;
  /** The detached seal, when the caller names one. */
  readonly seal?: Disk | undefined;
  /** How many bytes from the beginning are the image, on a device or in a longer file. */
  readonly size?: number | undefined;
}

export interface Verdict {
  /** In the order in which they were made. */
  readonly checks: readonly Check[];
  /** 0: sealed, intact, publisher known, policy met. */
  readonly exitCode: number;
  /** Of the failure that decides; absent with exit code 0 and 12. */
  readonly code?: ErrorCode;
  /** What was signed; present when every signature is cryptographically right, whoever made it. */
  readonly statement?: Statement;
  readonly signers: readonly SignerReport[];
  /** The signer is the one of keys.example, whose private key is public. */
  readonly demonstration: boolean;
  /** Present when nothing failed. Its reads are checked leaf by leaf. */
  readonly disk?: VerifiedDisk;
  /** What each chunk of the image must be, to check a copy while it comes; present with `disk`. */
  readonly leaves?: ProvenLeaves;
  /** What the publisher says is in the image; present with `disk`. */
  readonly inventory?: () => Promise<InventoryEntry[]>;
}

/**
 * Verifies an image; a bad seal is a verdict, not a throw.
 * @param image - the stored image; a file held open stays the one that is judged
 */
export async function verify(image: Disk, policy: VerifyPolicy, platform: Platform): Promise<Verdict> {
  const run = new Verification(image, policy, platform);
  await run.all();
  return run.verdict();
}

type Hashed = { flat: Uint8Array; table: Uint8Array } | { error: unknown };

class Verification {
  readonly #checks: Check[] = [];
  /** In sealed coordinates as soon as the seal was found. */
  #image: Disk;
  readonly #policy: VerifyPolicy;
  readonly #platform: Platform;
  #statement: Statement | undefined;
  #signers: readonly SignerReport[] = [];
  #disk: VerifiedDisk | undefined;
  #leaves: ProvenLeaves | undefined;
  #place: SealPlace | undefined;

  constructor(image: Disk, policy: VerifyPolicy, platform: Platform) {
    this.#image = image;
    this.#policy = policy;
    this.#platform = platform;
  }

  async all(): Promise<void> {
    const found = await this.#check('seal', () => this.#findPlace());
    if (!found) return;
    this.#place = found;
    await this.#checkStatement(found);
    // Not before: an image whose seal nobody signed would be read to its end for nothing.
    if (!this.#statement) return;
    const place = this.#place;
    const content = this.#policy.quick ? undefined : this.#startHashing(place.coverage);
    await this.#check('area', async () => {
      await checkArea(place.area, this.#statement!, this.#platform);
      const { content: own, dressing } = this.#statement!;
      this.#ok('area', `inventories as signed (${own.entries} entries and ${dressing.entries} of dressing), the rest of the seal is zero`);
    });
    const table = await this.#check('leaves', () => readTable(place.area, this.#statement!, this.#platform));
    await this.#checkContent(content, this.#statement, table);
    if (this.#policy.seal) await this.#check('embedded', () => this.#checkEmbedded(this.#statement!));
    await this.#finish(place, table);
  }

  verdict(): Verdict {
    const deciding = decidingFailure(this.#checks);
    const common = { checks: this.#checks, signers: this.#signers, demonstration: isDemonstration(this.#signers) };
    const statement = this.#statement ? { statement: this.#statement } : {};
    if (deciding) return { ...common, ...statement, exitCode: EXIT_CODES[deciding.code], code: deciding.code };
    if (!this.#disk || !this.#leaves || !this.#statement) {
      // Nothing failed and nothing was proven: never success.
      return { ...common, exitCode: EXIT_CODES.E_INTERNAL, code: 'E_INTERNAL' };
    }
    const inventory = (): Promise<InventoryEntry[]> => readInventory(this.#place!.area, this.#statement!, this.#platform);
    return { ...common, ...statement, exitCode: this.#policy.quick ? 12 : 0, disk: this.#disk, leaves: this.#leaves, inventory };
  }

  /** Runs one step; a throw becomes a failed check and no result. */
  async #check<T>(name: string, step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await step();
    } catch (error) {
      this.#checks.push(failure(name, error));
      return undefined;
    }
  }

  #ok(name: string, message: string): void {
    this.#checks.push({ name, status: 'ok', message });
  }

  async #findPlace(): Promise<SealPlace> {
    const { seal, size } = this.#policy;
    if (size !== undefined) this.#image = firstBytes(this.#image, size);
    const place = seal ? await detachedPlace(this.#image, seal) : await findSeal(this.#image);
    if (!place) throw await noSeal(this.#image);
    const { offset, size: length } = place.coverage.seal;
    const where = seal ? `detached seal of ${length} bytes` : `embedded seal of ${length} bytes at ${offset}`;
    this.#ok('seal', `${where}; it must cover every ${seal ? 'byte of the image' : 'other byte'}`);
    if (place.appleFrame > 0) {
      const message = `${place.appleFrame} bytes of an Apple code signature follow, which this version does not judge`;
      this.#checks.push({ name: 'apple', status: 'fail', code: 'E_APPLE', message, hint: 'use a version that checks Apple signatures' });
      this.#image = withoutFrame(this.#image, place.appleFrame);
    }
    return place;
  }

  /** Runs beside the checks of the area; its failure is reported in its turn. */
  #startHashing({ covered, masked }: Coverage): Promise<Hashed> {
    return hashCoverage(this.#image, covered, masked, this.#platform).catch((error: unknown) => ({ error }));
  }

  async #checkStatement(found: SealPlace): Promise<void> {
    const { area } = found;
    const result = await this.#check('signature', async () => {
      const cms = await readCms(area);
      return checkSignatures(cms, this.#policy, this.#platform, area.offset + area.layout.cms);
    });
    if (!result) return;
    this.#checks.push(...result.checks);
    this.#signers = result.signers;
    if (!result.content || result.checks.some((check) => check.code === 'E_SIGNATURE' || check.code === 'E_CMS' || check.code === 'E_DER'))
      return;
    this.#statement = await this.#check('statement', async () => {
      const statement = parseStatement(result.content!);
      this.#place = this.#placeOf(statement, found);
      agree(statement, this.#place);
      return statement;
    });
    if (!this.#statement) return;
    const { product, version, format, placement, covered } = this.#statement;
    this.#ok(
      'statement',
      `${product} ${version}, ${placement} in a ${format}; its coverage is the one that the image asks for (${covered.length} ranges)`,
    );
    this.#checks.push(...policyChecks(this.#statement, policiesOf(this.#policy), this.#signers, this.#policy.memory));
  }

  /** A file that goes on after what was signed is judged as far as it was signed, so that it can be told whether only the size is wrong. */
  #placeOf({ imageSize }: Statement, found: SealPlace): SealPlace {
    const place = placeOfSigned(imageSize, found);
    const more = found.coverage.imageSize - place.coverage.imageSize;
    if (more === 0) return found;
    this.#image = sliceDisk(this.#image, 0, imageSize);
    const message = `${imageSize} bytes were signed, and ${more} more follow in this file`;
    const hint = `if only the first ${imageSize} bytes are the image, as on a device, add --size ${imageSize}`;
    this.#checks.push({ name: 'size', status: 'fail', code: 'E_UNCOVERED', message, offset: imageSize, hint });
    return place;
  }

  /** Rule 18 of the seal: when the image brings a seal of its own too, both are right alone and say the same. */
  async #checkEmbedded(statement: Statement): Promise<void> {
    if (!(await hasSeal(this.#image))) return;
    const { seal: _, deep: __, ...policy } = this.#policy;
    const own = new Verification(this.#image, policy, this.#platform);
    await own.all();
    const { exitCode, checks, statement: other } = own.verdict();
    const failed = decidingFailure(checks);
    if (failed) throw new DisksealError(failed.code, `the seal inside the image is refused: ${failed.message}`, failed);
    const differing = other && differingMembers(statement, other);
    if (!differing || (exitCode !== 0 && exitCode !== 12)) throw new DisksealError('E_INTERNAL', 'internal error: a seal was not judged');
    if (differing.length > 0) {
      throw new DisksealError('E_SEAL', `the detached seal and the one inside the image differ: ${differing.join(', ')}`);
    }
    this.#ok('embedded', 'the image has a seal inside as well, which is right and says the same');
  }

  async #checkContent(hashing: Promise<Hashed> | undefined, statement: Statement, table: Uint8Array | undefined): Promise<void> {
    if (!hashing) {
      this.#checks.push({ name: 'content', status: 'skipped', message: 'only the signature was asked for: the content is not checked' });
      return;
    }
    await this.#check('content', async () => {
      const found = await hashing;
      if ('error' in found) throw found.error;
      // A table like the one that gave the signed root gives it too.
      const tree = (table && equalBytes(found.table, table)) || toHex(await treeRoot(found.table, this.#platform)) === statement.tree.root;
      const flat = toHex(found.flat) === statement.flat;
      if (!tree || !flat) throw this.#tampered(found.table, table, tree, flat);
      this.#ok('content', `every byte is as it was signed: SHA-256 tree of ${statement.tree.leaves} chunks and flat SHA-256`);
    });
  }

  #tampered(found: Uint8Array, signed: Uint8Array | undefined, tree: boolean, flat: boolean): DisksealError {
    const first = signed?.findIndex((byte, index) => byte !== found[index]) ?? -1;
    const offset = first < 0 ? undefined : leafRange(this.#place!.coverage.covered, Math.floor(first / 32))[0];
    const which = tree ? 'the flat digest differs' : flat ? 'the tree differs' : 'both digests differ';
    return new DisksealError('E_TAMPERED', `the content is not what was signed: ${which}`, {
      offset,
      hint: 'do not open it; download it again and, if it stays so, tell the publisher',
    });
  }

  async #finish({ coverage }: SealPlace, table: Uint8Array | undefined): Promise<void> {
    if (!table || decidingFailure(this.#checks)) return;
    const leaves = provenLeaves(coverage, table, this.#platform);
    const disk = verifiedDisk(this.#image, leaves);
    if (this.#policy.deep) {
      const entries = await this.#check('inventory', () => readInventory(this.#place!.area, this.#statement!, this.#platform));
      if (!entries) return;
      await this.#check('volume', async () => {
        // The readers of volumes are loaded only here.
        const { compareVolume } = await import('./compare-volume.ts');
        const compared = await compareVolume(disk, entries, this.#platform);
        this.#ok('volume', `the volume holds exactly the ${compared} entries of the inventory`);
      });
    }
    if (decidingFailure(this.#checks)) return;
    this.#disk = disk;
    this.#leaves = leaves;
  }
}

/** Of the signers who count: a stranger could add the example key's signature to any image. */
function isDemonstration(signers: readonly SignerReport[]): boolean {
  const counted = signers.filter(({ refusal }) => !refusal);
  return counted.length > 0 ? counted.every(({ demonstration }) => demonstration) : signers.some(({ demonstration }) => demonstration);
}

/** @throws DisksealError `E_TRUNCATED` */
function firstBytes(image: Disk, size: number): Disk {
  if (size <= image.size) return sliceDisk(image, 0, size);
  throw new DisksealError('E_TRUNCATED', `the image should have ${size} bytes, the file has ${image.size}`, { offset: image.size });
}

async function noSeal(image: Disk): Promise<DisksealError> {
  const kind = await imageKind(image);
  if (kind !== 'raw') {
    const hint = 'ask the publisher for a sealed image, or name the seal that came with it: --seal FILE';
    return new DisksealError('E_NO_SEAL', 'the image has no seal', { hint });
  }
  return new DisksealError('E_NO_SEAL', 'the file does not end as a disk image (UDIF) or with a seal, and it has no seal', {
    offset: Math.max(0, image.size - 512),
    hint: 'the download may be cut short or bytes may follow the image: compare its size with the published one; --seal FILE names a seal of its own',
  });
}
