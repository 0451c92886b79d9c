/** From digests and inventories to a finished area: the statement is put together, signed and laid out. Source: docs/seal-format.md. */
import type { Platform } from '../core/platform.ts';
import type { Signer } from '../core/signer.ts';
import { toHex } from '../core/struct.ts';
import { encodeArea } from './area.ts';
import { CHUNK, type Coverage } from './coverage.ts';
import { treeRoot } from './hash-tree.ts';
import { type SignOptions, signStatement } from './sign.ts';
import { encodeStatement, type Identity, type InventoryDigest, parseStatement, STATEMENT_TYPE, type Statement } from './statement.ts';

/** What a publisher says, and who says it. */
export interface SealSubject extends Omit<SignOptions, 'platform'> {
  readonly identity: Identity;
  readonly signer: Signer;
  /** SHA-256 of the SubjectPublicKeyInfos that may sign next, hexadecimal, in any order. */
  readonly nextKeys?: readonly string[] | undefined;
}

/** Both inventories, encoded. */
export interface SealLists {
  readonly content: Uint8Array;
  readonly dressing: Uint8Array;
}

/**
 * @param digests - over what `coverage` covers
 * @throws DisksealError `E_SEAL` when the certificate path is too long for the area or the identity is out of form, `E_KEY`, `E_WEAK`
 */
export async function makeSeal(
  subject: SealSubject,
  coverage: Coverage,
  digests: { readonly flat: Uint8Array; readonly table: Uint8Array },
  lists: SealLists,
  platform: Platform,
): Promise<{ statement: Statement; area: Uint8Array }> {
  const { identity, signer, nextKeys = [], ...options } = subject;
  const { flat, table } = digests;
  const statement: Statement = {
    type: STATEMENT_TYPE,
    ...identity,
    ...coverage,
    apple: 'none',
    tree: { algorithm: 'rfc9162-sha256', chunk: CHUNK, leaves: table.length / 32, root: toHex(await treeRoot(table, platform)) },
    flat: toHex(flat),
    content: await inventoryDigest(lists.content, platform),
    dressing: await inventoryDigest(lists.dressing, platform),
    ...(nextKeys.length > 0 ? { keys: [...new Set(nextKeys)].sort() } : {}),
  };
  const encoded = encodeStatement(statement);
  // Nothing is signed that our own verifier would refuse: an identity out of form ends here.
  parseStatement(encoded);
  const cms = await signStatement(encoded, signer, { platform, ...options });
  return { statement, area: encodeArea(coverage.seal.size, { ...lists, table, cms }) };
}

async function inventoryDigest(bytes: Uint8Array, platform: Platform): Promise<InventoryDigest> {
  let entries = 0;
  for (const byte of bytes) if (byte === 0x0a) entries++;
  return { entries, bytes: bytes.length, digest: toHex(await platform.digest('sha256', bytes)) };
}
