/**
 * The keys of keys.example: everybody has them. They are recognised only to say so, and are never an anchor by themselves.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { DisksealError } from '../core/errors.ts';
import { parsePemCertificates } from '../pki/x509.ts';

const FILES = ['root.cert.pem', 'publisher.cert.pem'];

/** SHA-256 (hexadecimal) of their SubjectPublicKeyInfos. @throws DisksealError `E_READ` when this installation lacks them */
export async function exampleKeys(): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const name of FILES) {
    const text = await readFile(new URL(`../../keys.example/${name}`, import.meta.url), 'utf8').catch((cause: unknown) => {
      const hint = 'without it a demonstration key could not be told from a real one: install diskseal again';
      throw new DisksealError('E_READ', `this installation of diskseal lacks keys.example/${name}`, { cause, hint });
    });
    for (const { spki } of parsePemCertificates(text)) found.add(createHash('sha256').update(spki).digest('hex'));
  }
  return found;
}
