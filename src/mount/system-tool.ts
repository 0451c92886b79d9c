/** Programs of the system, run without a shell and with an environment that says nothing of the user. */
import { spawn } from 'node:child_process';

export interface ToolRun {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param descriptor - given to the program as its descriptor 3 */
export type RunTool = (tool: string, args: readonly string[], descriptor?: number) => Promise<ToolRun>;

/** More than any of them says. Characters. */
const LIMIT = 1 << 20;

/** Rejects with the system's ENOENT when there is no such program. */
export const runTool: RunTool = (tool, args, descriptor) =>
  new Promise((resolve, reject) => {
    const child = spawn(tool, args, {
      stdio: ['ignore', 'pipe', 'pipe', ...(descriptor === undefined ? [] : [descriptor])],
      env: { PATH: searchPath(), LC_ALL: 'C', ...windowsEnvironment() },
      windowsHide: true,
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout = (stdout + text).slice(0, LIMIT)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(0, LIMIT)));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });

/** The last line of what a program complained about: the one that says what is wrong. */
export function complaint({ stderr, stdout, code }: ToolRun): string {
  const lines = (stderr.trim() || stdout.trim()).split('\n').map((line) => line.trim());
  return lines.at(-1) || `it ended with code ${code}`;
}

/** Programs for administrators are not in everybody's path. */
function searchPath(): string {
  const path = process.env['PATH'] ?? '';
  return process.platform === 'win32' ? path : `${path}:/usr/sbin:/sbin:/usr/bin:/bin`;
}

/** Without these PowerShell does not start. */
function windowsEnvironment(): Record<string, string | undefined> {
  const names = ['SystemRoot', 'TEMP', 'USERPROFILE', 'PSModulePath'];
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => names.includes(name)));
}
