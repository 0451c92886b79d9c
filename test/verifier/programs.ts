/** The command and the one-file verifier, beside each other. */
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../support/temporary-folder.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(root, 'dist/cli/main.js');

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  json(): unknown;
}

export interface Given {
  readonly cwd?: string | undefined;
  readonly stdin?: Uint8Array;
}

let built: Promise<string> | undefined;

/** Made of the sources as they are, and put where nothing of this checkout is near. */
export function verifierFile(): Promise<string> {
  return (built ??= buildVerifier());
}

async function buildVerifier(): Promise<string> {
  const [made, place] = [join(await temporaryFolder(), 'made.mjs'), join(await temporaryFolder(), 'diskseal-verify.mjs')];
  execFileSync(process.execPath, ['.ci/build-verifier.mjs', made], { cwd: root, stdio: 'ignore' });
  copyFileSync(made, place);
  return place;
}

export const command = (words: readonly string[], given?: Given): Promise<Ran> => run([MAIN, 'verify', ...words], given);

export const alone = async (words: readonly string[], given?: Given): Promise<Ran> => run([await verifierFile(), ...words], given);

export async function both(words: readonly string[], given?: Given): Promise<{ command: Ran; verifier: Ran }> {
  return { command: await command(words, given), verifier: await alone(words, given) };
}

async function run(words: readonly string[], { cwd, stdin }: Given = {}): Promise<Ran> {
  const child = spawn(process.execPath, words, {
    cwd,
    // Nothing is remembered between tests, and no colour of the tester's shell shows.
    env: { PATH: process.env['PATH'], HOME: await temporaryFolder() },
    timeout: 45_000,
  });
  // Whoever refuses early does not read to the end.
  child.stdin.on('error', () => undefined).end(stdin);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  return { code, stdout, stderr, json: () => JSON.parse(stdout) };
}
