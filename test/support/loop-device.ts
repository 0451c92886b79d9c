/** Block devices for tests: loop devices, for whoever may make them. */
import { execFileSync, spawnSync } from 'node:child_process';

/** Whether there are any. Says so aloud when not. */
export const hasLoopDevices: boolean = (() => {
  const found = process.getuid?.() === 0 && spawnSync('losetup', ['-f']).status === 0;
  if (!found) console.warn('no loop devices here (root, and the kernel module, are needed): devices are not tested, plain files are');
  return found;
})();

/** Whether a program is there. Says so aloud when not. */
export function hasProgram(program: string, ...words: string[]): boolean {
  const found = spawnSync(program, words, { env: searched() }).error === undefined;
  if (!found) console.warn(`${program} is not installed: what it would say is not tested`);
  return found;
}

/** @returns what it says on stdout and stderr; a failure throws with both */
export function run(program: string, ...words: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: 'utf8', env: searched() });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: exit ${status}\n${stdout}${stderr}`);
  return stdout + stderr;
}

/** Attaches a file as a device for as long as `use` takes. */
export async function withLoopDevice<T>(file: string, use: (device: string) => Promise<T>, ...options: string[]): Promise<T> {
  const device = execFileSync('losetup', ['-f', '--show', ...options, file], { encoding: 'utf8', env: searched() }).trim();
  try {
    return await use(device);
  } finally {
    spawnSync('losetup', ['-d', device], { env: searched() });
  }
}

/** Mounts a device on a folder for as long as `use` takes. */
export async function mounted<T>(device: string, folder: string, use: () => Promise<T>, ...options: string[]): Promise<T> {
  run('mount', ...options, device, folder);
  try {
    return await use();
  } finally {
    spawnSync('umount', [folder], { env: searched() });
  }
}

/** Programs of an administrator are not on everybody's path. */
function searched(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
}
