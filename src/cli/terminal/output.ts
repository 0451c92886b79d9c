/**
 * Where a command's words go: results to stdout, everything else to stderr; with `--json` one document on stdout.
 * Everything that may come from an image passes through `printable` here, so no command can forget it.
 */
import type { Writable } from 'node:stream';
import picocolors from 'picocolors';
import { DisksealError, type ErrorDetails } from '../../core/errors.ts';
import { jsonText, printable, printableLines } from './printable.ts';

export interface OutputOptions {
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

export type Style = 'good' | 'bad' | 'caution' | 'dim' | 'strong' | 'plain';

/** A document about an image begins with it. */
export interface DocumentHead {
  readonly image: string;
  readonly verified: boolean;
  readonly [member: string]: unknown;
}

export interface Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Nobody reads stdout any more (`| head`): a command that only prints can stop. */
  readonly closed: boolean;
  /** stderr is a terminal that a progress line may be redrawn on. */
  readonly interactive: boolean;
  /** A line of the result. With `--json` nothing: the document says it. */
  line(text: string): Promise<void>;
  /** Bytes of the result, as they are. */
  bytes(bytes: Uint8Array): Promise<void>;
  /** The one document of `--json`; without `--json` nothing. */
  document(document: object): Promise<void>;
  /** A document that ends in a long list, written item by item; an error on the way becomes its last member, and is thrown. */
  list(head: DocumentHead, name: string, items: AsyncIterable<object>): Promise<void>;
  /** A line for people on stderr; not with `--quiet`. */
  note(text: string): void;
  /** A line that only `--verbose` asks for. */
  detail(text: string): void;
  warning(text: string): void;
  /** A warning that nothing silences. */
  alarm(text: string): void;
  /** Raw text on stderr: error reports and the progress line, already made printable. */
  complain(text: string): void;
  /** Colours text for stdout (or stderr), where a terminal shows it and `NO_COLOR` is not set. The text is made printable. */
  paint(style: Style, text: string, stream?: 'stdout' | 'stderr'): string;
  /** Called with what was written to stdout in vain: not EPIPE, which is quiet. */
  onFailure(report: (error: DisksealError) => void): void;
}

/** In place of an error that stands in the document already. */
export class ReportedError extends DisksealError {
  constructor(error: DisksealError) {
    const { path, offset, field, hint } = error;
    super(error.code, error.message, { path, offset, field, hint, cause: error });
  }

  override with(details: ErrorDetails): ReportedError {
    return new ReportedError(super.with(details));
  }
}

const COLOURS = { good: 'green', bad: 'red', caution: 'yellow', dim: 'dim', strong: 'bold', plain: 'reset' } as const;

export function createOutput(options: OutputOptions, stdout: Writable = process.stdout, stderr: Writable = process.stderr): Output {
  const json = options.json === true;
  const quiet = options.quiet === true;
  const verbose = options.verbose === true && !quiet;
  let closed = false;
  let fail: ((error: DisksealError) => void) | undefined;

  stdout.on('error', (error: NodeJS.ErrnoException) => {
    const first = !closed;
    closed = true;
    if (error.code === 'EPIPE' || !first) return;
    const reason = error.code === 'ENOSPC' ? 'no space is left on the device' : error.message;
    fail?.(new DisksealError('E_WRITE', `cannot write the result to standard output: ${reason}`, { cause: error }));
  });
  // Nothing can be said any more when stderr is gone.
  stderr.on('error', () => undefined);

  const write = (data: string | Uint8Array): Promise<void> => {
    if (closed || stdout.write(data)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        stdout.off('drain', done).off('close', done).off('error', done);
        resolve();
      };
      stdout.on('drain', done).on('close', done).on('error', done);
    });
  };
  const complain = (text: string): void => void stderr.write(text);
  const say = (text: string): void => complain(`${text}\n`);

  const paint: Output['paint'] = (style, text, stream = 'stdout') => {
    const safe = printable(text);
    if (style === 'plain' || !showsColour(stream === 'stdout' ? stdout : stderr)) return safe;
    return picocolors.createColors(true)[COLOURS[style]](safe);
  };

  const warn = (text: string): void => say(`diskseal: ${paint('caution', 'warning:', 'stderr')} ${printableLines(text)}`);

  return {
    json,
    quiet,
    verbose,
    get closed() {
      return closed;
    },
    interactive: !quiet && isTerminal(stderr) && process.env['TERM'] !== 'dumb',
    line: (text) => (json ? Promise.resolve() : write(`${text}\n`)),
    bytes: write,
    document: (document) => (json ? write(`${jsonText(document, 2)}\n`) : Promise.resolve()),
    list: (head, name, items) => writeList(write, head, name, items, () => closed),
    note: (text) => {
      if (!quiet) say(printableLines(text));
    },
    detail: (text) => {
      if (verbose) say(printableLines(text));
    },
    warning: (text) => {
      if (!quiet) warn(text);
    },
    alarm: (text) => warn(text),
    complain,
    paint,
    onFailure: (report) => {
      fail = report;
    },
  };
}

async function writeList(
  write: (text: string) => Promise<void>,
  head: DocumentHead,
  name: string,
  items: AsyncIterable<object>,
  closed: () => boolean,
): Promise<void> {
  const opening = jsonText(head, 2).replace(/\n?\}$/, '');
  await write(`${opening}${opening === '{' ? '' : ','}\n  ${jsonText(name)}: [`);
  let separator = '\n    ';
  try {
    for await (const item of items) {
      if (closed()) return;
      await write(separator + jsonText(item));
      separator = ',\n    ';
    }
  } catch (error) {
    if (!(error instanceof DisksealError)) throw error;
    const placed = error.with({ path: head.image });
    await write(`\n  ],\n  "error": ${jsonText(placed)}\n}\n`);
    throw new ReportedError(placed);
  }
  await write('\n  ]\n}\n');
}

function isTerminal(stream: Writable): boolean {
  return 'isTTY' in stream && stream.isTTY === true;
}

/** NO_COLOR (no-color.org): set and not empty means no colour, whatever the terminal can do. */
function showsColour(stream: Writable): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR && FORCE_COLOR !== '0') return true;
  return isTerminal(stream) && TERM !== 'dumb';
}
