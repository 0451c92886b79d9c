/**
 * The pipeline from an image to a verdict. Before the statement is believed only the trailer, the area's marks and the
 * CMS are parsed; nothing is decompressed. Any doubt is a refusal. Rules: docs/seal-format.md section 9.
 */
import { type Disk, readRange, sliceDisk, stream } from '../core/disk.ts';
import { DisksealError, type ErrorCode, EXIT_CODES } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import { toHex } from '../core/struct.ts';
import { isUdif } from '../formats/containers/udif/koly.ts';
import { equalBytes } from '../pki/der.ts';
import { checkSlack } from '../seal/area.ts';
import { type Coverage, leafCount, leafRange } from '../seal/coverage.ts';
import { findDmgSeal, type SealedDmg, withoutFrame } from '../seal/dmg.ts';
import { hashCoverage } from '../seal/hash-coverage.ts';
import { treeRoot } from '../seal/hash-tree.ts';
import { type InventoryEntry, parseInventory } from '../seal/inventory.ts';
import { type InventoryDigest, parseStatement, type Statement } from '../seal/statement.ts';
import { hiddenFile } from './hidden-file.ts';
import { checkSignatures, type SignatureExpectations, type SignerReport } from './signature.ts';
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

/** Beyond any volume that can be built: a million files have 150 MB. */
const INVENTORY_LIMIT = 256 << 20;
const LINE_FEED = 0x0a;

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
  #seal: SealedDmg | undefined;

  constructor(image: Disk, policy: VerifyPolicy, platform: Platform) {
    this.#image = image;
    this.#policy = policy;
    this.#platform = platform;
  }

  async all(): Promise<void> {
    const seal = await this.#check('seal', () => this.#findSeal());
    if (!seal) return;
    this.#seal = seal;
    await this.#checkStatement(seal);
    // Not before: an image whose seal nobody signed would be read to its end for nothing.
    if (!this.#statement) return;
    const content = this.#policy.quick ? undefined : this.#startHashing(seal.coverage);
    await this.#check('area', () => this.#checkArea(seal));
    const table = await this.#check('leaves', () => this.#readTable(seal, this.#statement!));
    await this.#checkContent(content, this.#statement, table);
    await this.#finish(seal, table);
  }

  verdict(): Verdict {
    const deciding = decidingFailure(this.#checks);
    const common = { checks: this.#checks, signers: this.#signers, demonstration: isDemonstration(this.#signers) };
    const statement = this.#statement ? { statement: this.#statement } : {};
    if (deciding) return { ...common, ...statement, exitCode: EXIT_CODES[deciding.code], code: deciding.code };
    if (!this.#disk || !this.#statement) {
      // Nothing failed and nothing was proven: never success.
      return { ...common, exitCode: EXIT_CODES.E_INTERNAL, code: 'E_INTERNAL' };
    }
    const inventory = (): Promise<InventoryEntry[]> => this.#readInventory(this.#seal!, this.#statement!);
    return { ...common, ...statement, exitCode: this.#policy.quick ? 12 : 0, disk: this.#disk, inventory };
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

  async #findSeal(): Promise<SealedDmg> {
    if (!(await isUdif(this.#image))) {
      throw new DisksealError('E_NO_SEAL', 'the file does not end as a disk image (UDIF) does, and it has no seal', {
        offset: Math.max(0, this.#image.size - 512),
        hint: 'the download may be cut short or bytes may follow the image: compare its size with the published one',
      });
    }
    const seal = await findDmgSeal(this.#image);
    if (!seal) throw new DisksealError('E_NO_SEAL', 'the image has no seal', { hint: 'ask the publisher for a sealed image' });
    this.#ok('seal', `embedded seal of ${seal.coverage.seal.size} bytes at ${seal.coverage.seal.offset}; it must cover every other byte`);
    if (seal.appleFrame > 0) {
      const message = `${seal.appleFrame} bytes of an Apple code signature follow, which this version does not judge`;
      this.#checks.push({ name: 'apple', status: 'fail', code: 'E_APPLE', message, hint: 'use a version that checks Apple signatures' });
      this.#image = withoutFrame(this.#image, seal.appleFrame);
    }
    return seal;
  }

  /** Runs beside the checks of the area; its failure is reported in its turn. */
  #startHashing({ covered, masked }: Coverage): Promise<Hashed> {
    return hashCoverage(this.#image, covered, masked, this.#platform).catch((error: unknown) => ({ error }));
  }

  async #checkStatement({ area, coverage }: SealedDmg): Promise<void> {
    const result = await this.#check('signature', async () => {
      const offset = area.offset + area.layout.cms;
      const cms = await readRange(this.#image, offset, area.mark.cmsLength, 'CMS');
      return checkSignatures(cms, this.#policy, this.#platform, offset);
    });
    if (!result) return;
    this.#checks.push(...result.checks);
    this.#signers = result.signers;
    if (!result.content || result.checks.some((check) => check.code === 'E_SIGNATURE' || check.code === 'E_CMS' || check.code === 'E_DER'))
      return;
    this.#statement = await this.#check('statement', async () => {
      const statement = parseStatement(result.content!);
      agree(statement, coverage);
      return statement;
    });
    if (!this.#statement) return;
    const { product, version, format, placement, covered } = this.#statement;
    this.#ok(
      'statement',
      `${product} ${version}, ${placement} in a ${format}; its coverage is the one that the image asks for (${covered.length} ranges)`,
    );
  }

  /** Every byte of the area that no digest covers. */
  async #checkArea({ area }: SealedDmg): Promise<void> {
    const { content, dressing } = this.#statement!;
    const { mark, layout, offset } = area;
    await checkSlack(this.#image, area);
    this.#refuseHiddenFile(await readRange(this.#image, offset + layout.cms, mark.cmsLength, 'CMS'), offset + layout.cms);
    await this.#checkInventory('content', content, offset + layout.content, mark.contentLength);
    await this.#checkInventory('dressing', dressing, offset + layout.dressing, mark.dressingLength);
    this.#ok(
      'area',
      `inventories as signed (${content.entries} entries and ${dressing.entries} of dressing), the rest of the seal is zero`,
    );
  }

  async #checkInventory(name: string, expected: InventoryDigest, offset: number, length: number): Promise<void> {
    const wrong = (what: string): DisksealError => new DisksealError('E_SEAL', `the ${name} inventory ${what}`, { offset });
    if (length !== expected.bytes) throw wrong(`has ${length} bytes, ${expected.bytes} were signed`);
    const hash = this.#platform.hash('sha256');
    let lines = 0;
    for await (const bytes of stream(sliceDisk(this.#image, offset, length))) {
      for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines++;
      await hash.update(bytes);
    }
    if (toHex(await hash.digest()) !== expected.digest) throw wrong('is not the one that was signed');
    if (lines !== expected.entries) throw wrong(`has ${lines} entries, ${expected.entries} were signed`);
  }

  #refuseHiddenFile(signatures: Uint8Array, offset: number): void {
    const found = hiddenFile(signatures);
    if (!found) return;
    throw new DisksealError('E_UNCOVERED', `the signatures hold a file of another kind, as a ${found.format} begins or ends`, {
      offset: offset + found.offset,
      hint: 'whoever added that signature or timestamp may have hidden something: use the image as the publisher gave it out',
    });
  }

  async #readTable({ area, coverage }: SealedDmg, { tree }: Statement): Promise<Uint8Array> {
    const table = await readRange(this.#image, area.offset + area.layout.table, area.mark.tableLength, 'leaf table');
    if (tree.leaves !== leafCount(coverage.covered))
      throw new DisksealError('E_SEAL', `${tree.leaves} leaves were signed, the image asks for ${leafCount(coverage.covered)}`);
    if (toHex(await treeRoot(table, this.#platform)) !== tree.root) {
      throw new DisksealError('E_SEAL', 'the leaf table does not give the signed root', { offset: area.offset + area.layout.table });
    }
    return table;
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
    const offset = first < 0 ? undefined : leafRange(this.#seal!.coverage.covered, Math.floor(first / 32))[0];
    const which = tree ? 'the flat digest differs' : flat ? 'the tree differs' : 'both digests differ';
    return new DisksealError('E_TAMPERED', `the content is not what was signed: ${which}`, {
      offset,
      hint: 'do not open it; download it again and, if it stays so, tell the publisher',
    });
  }

  async #finish({ coverage }: SealedDmg, table: Uint8Array | undefined): Promise<void> {
    if (!table || decidingFailure(this.#checks)) return;
    const disk = verifiedDisk(this.#image, coverage, table, this.#platform);
    if (this.#policy.deep) {
      const entries = await this.#check('inventory', () => this.#readInventory(this.#seal!, this.#statement!));
      if (!entries) return;
      await this.#check('volume', async () => {
        // The readers of volumes are loaded only here.
        const { compareVolume } = await import('./compare-volume.ts');
        const compared = await compareVolume(disk, entries, this.#platform);
        this.#ok('volume', `the volume holds exactly the ${compared} entries of the inventory`);
      });
    }
    if (!decidingFailure(this.#checks)) this.#disk = disk;
  }

  async #readInventory({ area }: SealedDmg, { content, dressing }: Statement): Promise<InventoryEntry[]> {
    const { layout, offset } = area;
    const own = await this.#readList('content', content, offset + layout.content);
    const added = await this.#readList('dressing', dressing, offset + layout.dressing);
    return [...own, ...added];
  }

  /** The file may have changed since the inventory was checked: what is parsed is what is hashed. */
  async #readList(name: string, expected: InventoryDigest, offset: number): Promise<InventoryEntry[]> {
    if (expected.bytes > INVENTORY_LIMIT)
      throw new DisksealError('E_UNSUPPORTED', `the ${name} inventory has ${expected.bytes} bytes, ${INVENTORY_LIMIT} are read`, {
        offset,
      });
    const bytes = await readRange(this.#image, offset, expected.bytes, `${name} inventory`);
    if (toHex(await this.#platform.digest('sha256', bytes)) !== expected.digest) {
      throw new DisksealError('E_TAMPERED', `the ${name} inventory is not what was signed`, {
        offset,
        hint: 'the image was changed after it was verified',
      });
    }
    return parseInventory(bytes);
  }
}

/** Of the signers who count: a stranger could add the example key's signature to any image. */
function isDemonstration(signers: readonly SignerReport[]): boolean {
  const counted = signers.filter(({ refusal }) => !refusal);
  return counted.length > 0 ? counted.every(({ demonstration }) => demonstration) : signers.some(({ demonstration }) => demonstration);
}

/** The statement must say of the coverage exactly what the verifier derived. @throws DisksealError `E_SEAL` */
function agree(statement: Statement, derived: Coverage): void {
  for (const key of ['format', 'placement', 'imageSize', 'seal', 'covered', 'masked'] as const) {
    const [said, found] = [JSON.stringify(statement[key]), JSON.stringify(derived[key])];
    if (said === found) continue;
    const hint = key === 'imageSize' ? 'bytes were added to the image or cut from it' : undefined;
    throw new DisksealError('E_SEAL', `the statement says ${key} ${said}, the image asks for ${found}`, {
      field: `statement.${key}`,
      hint,
    });
  }
}
