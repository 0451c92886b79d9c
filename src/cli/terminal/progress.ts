/** Progress of long work on stderr: one line redrawn on a terminal, a plain line now and then elsewhere. */
import type { Output } from './output.ts';
import { printable } from './printable.ts';

export interface Progress {
  /** Called as often as the work likes; what is shown is throttled. `total` may be unknown. */
  update(done: number, total?: number, detail?: string): void;
  /** Takes the line away. */
  finish(): void;
}

const REDRAW_MS = 100;
const PLAIN_MS = 5000;
const BAR = 24;

/** @param title - as in `building Hello.dmg` */
export function createProgress(output: Output, title: string, now: () => number = Date.now): Progress {
  if (output.quiet) return { update: () => undefined, finish: () => undefined };
  return output.interactive ? terminalProgress(output, title, now) : plainProgress(output, title, now);
}

function terminalProgress(output: Output, title: string, now: () => number): Progress {
  // Nothing for the first moment: work that is done at once shows no flicker.
  let shown = now();
  let drawn = false;
  return {
    update(done, total, detail) {
      if (now() - shown < REDRAW_MS) return;
      shown = now();
      drawn = true;
      const columns = Math.max(20, (process.stderr.columns ?? 80) - 1);
      output.complain(`\r\u001b[K${printable([title, bar(done, total), detail].filter(Boolean).join('  ')).slice(0, columns)}`);
    },
    finish() {
      if (drawn) output.complain('\r\u001b[K');
      drawn = false;
    },
  };
}

function bar(done: number, total: number | undefined): string {
  if (!total) return '';
  const share = Math.min(1, Math.max(0, done / total));
  const full = Math.round(share * BAR);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}] ${percent(share)}`;
}

function plainProgress(output: Output, title: string, now: () => number): Progress {
  let shown = now();
  return {
    update(done, total, detail) {
      if (now() - shown < PLAIN_MS) return;
      shown = now();
      const share = total ? percent(Math.min(1, done / total)) : undefined;
      output.note([title, share, detail].filter(Boolean).join(': '));
    },
    finish: () => undefined,
  };
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}
