/** The process that serves a mount: verifies, mounts, says that it is ready, and lasts until the folder is unmounted. */
import { closeSync, writeSync } from 'node:fs';
import { DisksealError, EXIT_CODES } from '../../core/errors.ts';
import { type Mount, mount } from '../../mount/mount.ts';
import { type OpenedImage, withImage } from '../images/opened-image.ts';
import { withPlatform } from '../platform.ts';
import { errorLine } from '../terminal/errors.ts';
import { onInterrupt } from '../terminal/interrupt.ts';
import type { Output } from '../terminal/output.ts';
import { folderFor, type MountCommandOptions, parseTimeout } from './mount-options.ts';

/** Where the process that started this one listens. */
export const READY = 3;

/** What it is told. */
export interface ReadyMessage {
  readonly folder: string;
  readonly document: object;
}

/** Lines about bytes that could not be read; what more there is would say the same. */
const MOST_FAULTS = 100;

/** @returns the exit code: that of tampered content when a read met some */
export async function serveMount(image: string, path: string | undefined, options: MountCommandOptions, output: Output): Promise<number> {
  const idle = parseTimeout(options.timeout);
  const faults = createFaults(output);
  await withPlatform((platform, rest) =>
    withImage(
      image,
      options,
      output,
      platform,
      async (opened) => {
        await rest();
        const mounted = await mount(opened.tree, folderFor(opened.shown, path), {
          source: opened.shown,
          ...opened.extent,
          idle,
          fault: (error, where) => faults.add(error.with({ path: opened.shown }), where),
        });
        await last(mounted, opened);
      },
      'stated',
    ),
  );
  return faults.bad ? EXIT_CODES.E_TAMPERED : 0;
}

async function last(mounted: Mount, opened: OpenedImage): Promise<void> {
  const unmount = (): void => {
    // What does not even go by force is left to the kernel: it takes the mount away with the descriptor.
    void mounted.unmount().catch(() => process.kill(process.pid, 'SIGKILL'));
  };
  onInterrupt(unmount);
  try {
    tellReady({ folder: mounted.folder, document: { image: opened.shown, folder: mounted.folder, pid: process.pid, ...opened.standing } });
    // The folder that the command was called in can be removed meanwhile.
    process.chdir('/');
  } catch {
    // Nobody waits for this mount any more.
    unmount();
  }
  await mounted.ended.finally(() => onInterrupt(undefined));
}

function tellReady(message: ReadyMessage): void {
  writeSync(READY, `${JSON.stringify(message)}\n`);
  closeSync(READY);
}

interface Faults {
  /** Bytes differ from what was signed. */
  readonly bad: boolean;
  add(error: DisksealError, where: string): void;
}

function createFaults(output: Output): Faults {
  const seen = new Set<string>();
  let bad = false;
  return {
    get bad() {
      return bad;
    },
    add(error, where) {
      bad ||= error.code === 'E_TAMPERED';
      const line = errorLine(error.with({ field: where }));
      if (seen.has(line) || seen.size >= MOST_FAULTS) return;
      seen.add(line);
      output.alarm(line);
    },
  };
}
