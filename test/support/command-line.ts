/** The compiled command line as a black box: words in; exit code, stdout and stderr out. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
  /** stdout as the one JSON document that it must be. */
  json(): unknown;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Options of Node itself, as `--max-old-space-size=64`. */
  readonly node?: readonly string[];
  /** Called while the command runs. */
  readonly during?: (child: ChildProcess) => void;
  /** Where stdin comes from: a descriptor, or the test itself by `child.stdin`. Nothing when left out. */
  readonly stdin?: number | 'pipe';
  /** Where stdout goes instead of being collected: a descriptor. */
  readonly stdout?: number;
  /** The same for stderr. */
  readonly stderr?: number;
}

export async function diskseal(words: readonly string[], options: RunOptions = {}): Promise<Run> {
  if (!existsSync(MAIN)) throw new Error('dist/ is missing: npm run build');
  const started = Date.now();
  const child = spawn(process.execPath, [...(options.node ?? []), MAIN, ...words], {
    cwd: options.cwd,
    // Colours, debugging and times of the tester's own shell must not show, nor what the tester's account remembers of publishers.
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], XDG_STATE_HOME: '/nonexistent', ...options.env },
    // A command that hangs is a failure of its own, told apart from a slow test.
    timeout: 45_000,
    stdio: [options.stdin ?? 'ignore', options.stdout ?? 'pipe', options.stderr ?? 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  options.during?.(child);
  const { code, signal } = await new Promise<Pick<Run, 'code' | 'signal'>>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return { code, signal, stdout, stderr, milliseconds: Date.now() - started, json: () => JSON.parse(stdout) };
}
