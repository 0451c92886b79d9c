/** Runs the independent readers: other people's programs, with a time limit and without a shell. */
import { spawn, spawnSync } from 'node:child_process';

const PATH = `${process.env['PATH']}:/usr/sbin:/sbin`;
// Names as they are, and times in UTC.
const environment = { ...process.env, PATH, LC_ALL: 'C.UTF-8', TZ: 'UTC' };
/** Ten minutes: the largest images take a few; what hangs is still ended. */
const TIME_LIMIT = 600_000;

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function run(command: string, args: readonly string[], options: { cwd?: string } = {}): Ran {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    timeout: TIME_LIMIT,
    killSignal: 'SIGKILL',
    ...options,
  });
  return { status: status ?? 255, stdout: stdout ?? '', stderr: `${stderr ?? ''}${error ? String(error) : ''}` };
}

/** Runs a command and gives its standard output piece by piece. @returns its exit code */
export function runStreaming(command: string, args: readonly string[], each: (bytes: Uint8Array) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: environment,
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: TIME_LIMIT,
      killSignal: 'SIGKILL',
    });
    child.stdout.on('data', each);
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 255));
  });
}

export function isInstalled(command: string): boolean {
  return spawnSync('sh', ['-c', 'command -v -- "$1"', 'sh', command], { env: environment, stdio: 'ignore' }).status === 0;
}

/** In CI a tool that is not there is a failure; elsewhere it is said aloud and its tests are skipped. */
export function mayUse(tool: { name: string; commands: readonly string[]; packages: readonly string[] }): boolean {
  const missing = tool.commands.filter((command) => !isInstalled(command));
  if (missing.length === 0) return true;
  const message = `${tool.name}: ${missing.join(', ')} is not installed (Debian: apt-get install ${tool.packages.join(' ')})`;
  if (isCI) throw new Error(message);
  console.warn(`${message}: its tests are SKIPPED`);
  return false;
}

export const isCI = process.env['CI'] !== undefined && process.env['CI'] !== '' && process.env['CI'] !== 'false';
