/**
 * Ctrl-C and its relatives: unfinished outputs are removed at once, then the process ends with 128 + the signal's number.
 * All of it is synchronous, so that no write that is under way can put anything back afterwards.
 */
import { chmodSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { unfinishedFiles } from '../../node/output-file.ts';
import type { Output } from './output.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Folders that a running command will remove or publish; `extract` keeps its own here. */
export const unfinishedFolders = new Set<string>();

let stop: ((signal: NodeJS.Signals) => void) | undefined;

/** A command that lasts says how it ends in good order. @param how - called for each signal from now on; nothing: as before */
export function onInterrupt(how: ((signal: NodeJS.Signals) => void) | undefined): void {
  stop = how;
}

export function handleSignals(output: Output): void {
  for (const signal of SIGNALS) {
    // Not `once`: a second ctrl-C would then end the process in the middle of the removal.
    process.on(signal, () => {
      if (stop) return stop(signal);
      const removed = removeUnfinished();
      if (output.interactive) output.complain('\r\u001b[K');
      output.complain(`diskseal: interrupted${removed > 0 ? ', the unfinished output was removed' : ''}\n`);
      process.exit(128 + constants.signals[signal]);
    });
  }
}

/** @returns how many there were */
export function removeUnfinished(): number {
  const all = [...unfinishedFiles(), ...unfinishedFolders];
  for (const path of all) {
    try {
      makeRemovable(path);
      rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    } catch {
      // The next one may still go; there is nobody left to tell.
    }
  }
  return all.length;
}

/** Folders extracted as read-only would keep what is in them. */
function makeRemovable(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return;
  if ((stat.mode & 0o700) !== 0o700) chmodSync(path, 0o700);
  for (const name of readdirSync(path)) makeRemovable(join(path, name));
}
