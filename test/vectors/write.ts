/** Vectors of one set as files and as entries of index.json. The other sets keep their bytes. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorCode, EXIT_CODES } from '../../src/core/errors.ts';
import { type Made, NOW } from '../support/certificates.ts';
import type { Vector } from './vector.ts';

export interface Case extends Partial<Omit<Vector, 'file' | 'exitCode' | 'code' | 'seal' | 'set'>> {
  readonly name: string;
  readonly about: string;
  readonly bytes: Uint8Array;
  readonly code?: ErrorCode;
  /** `dmg` when left out. */
  readonly extension?: string;
  /** Of the file that goes beside the image. */
  readonly seal?: Uint8Array;
}

export interface VectorSet {
  readonly cases: readonly Case[];
  /** Who is trusted in a case that says nothing of it. */
  readonly trust: readonly string[];
  /** Certificates, policies and the like. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
}

/** Writes a set in the place of what it was before. */
export function writeSet(place: string, set: Vector['set'], { cases, trust, files }: VectorSet): void {
  const index = join(place, 'index.json');
  const known = existsSync(index) ? (JSON.parse(readFileSync(index, 'utf8')) as Vector[]) : [];
  for (const { file, seal } of known.filter((vector) => vector.set === set)) {
    for (const name of [file, ...(seal ? [seal] : [])]) rmSync(join(place, name), { force: true });
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(place, name), content);
  const others = known.filter((vector) => vector.set !== set);
  const own = cases.map((one) => write(place, set, trust, one));
  writeFileSync(index, json([...others, ...own]));
}

function write(place: string, set: Vector['set'], trusted: readonly string[], one: Case): Vector {
  const { name, bytes, code, about, extension = 'dmg', seal, ...given } = one;
  const file = `${code ?? 'good'}.${name}.${extension}`;
  writeFileSync(join(place, file), bytes);
  if (seal) writeFileSync(join(place, `${file}.seal`), seal);
  return {
    file,
    ...(seal ? { seal: `${file}.seal` } : {}),
    about,
    command: 'verify',
    exitCode: code ? EXIT_CODES[code] : 0,
    ...(code ? { code } : {}),
    trust: trusted,
    publishers: [],
    at: NOW,
    ...given,
    set,
  };
}

export function pem({ bytes }: Made): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

export function json(value: readonly unknown[]): string {
  return `[\n${value.map((one) => `  ${JSON.stringify(one)}`).join(',\n')}\n]\n`;
}
