/** Errors as people and programs read them: one line that names the file, the place, the next step; or JSON. */
import { DisksealError } from '../../core/errors.ts';
import type { Output } from './output.ts';
import { printable, printableLines } from './printable.ts';

const MOST_OTHERS = 50;

/** Any error as a DisksealError: what is not one is a fault of our own. */
export function asDisksealError(error: unknown): DisksealError {
  if (error instanceof DisksealError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new DisksealError('E_INTERNAL', `internal error: ${message}`, { cause: error });
}

/** Prints an error and all that were found beside it. */
export function reportError(output: Output, error: DisksealError): void {
  const all = [error, ...error.others];
  for (const one of all.slice(0, MOST_OTHERS)) output.complain(`${describe(output, one).join('\n')}\n`);
  if (all.length > MOST_OTHERS) output.complain(`diskseal: ${all.length - MOST_OTHERS} more errors are not shown\n`);
  if (debugging()) output.complain(`${stackOf(error)}\n`);
}

/** The error member of a document. */
export function errorDocument(error: DisksealError): Record<string, unknown> {
  const hint = hintOf(error);
  return { ...error.toJSON(), ...(hint ? { hint } : {}), ...(debugging() ? { stack: stackOf(error) } : {}) };
}

/** An error as one line, for what is not the command's own failure. */
export function errorLine(error: DisksealError): string {
  const { field, offset, code } = error;
  const where = [field ? `in ${field}` : '', offset === undefined ? '' : `at byte ${offset}`, code].filter(Boolean);
  return `${placed(error)} (${where.join(', ')})`;
}

function describe(output: Output, error: DisksealError): string[] {
  const label = output.paint('bad', 'error:', 'stderr');
  const lines = [`diskseal: ${label} ${printable(placed(error))} (${error.code})`];
  if (error.excerpt !== undefined) lines.push(printableLines(error.excerpt));
  const where = [error.offset === undefined ? '' : `at byte ${error.offset}`, error.field ? `in ${error.field}` : ''].filter(Boolean);
  if (where.length > 0) lines.push(`  ${printable(where.join(', '))}`);
  const hint = hintOf(error);
  if (hint) lines.push(`diskseal: ${output.paint('strong', 'hint:', 'stderr')} ${printable(hint)}`);
  return lines;
}

function placed({ path, line, column, message }: DisksealError): string {
  if (path === undefined) return line === undefined ? message : `line ${line}: ${message}`;
  const place = [path, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(':');
  return `${place}: ${message}`;
}

function hintOf(error: DisksealError): string | undefined {
  if (error.code !== 'E_INTERNAL' || error.hint) return error.hint;
  return 'this is a fault of diskseal itself: please report it with the stack that DISKSEAL_DEBUG=1 shows';
}

function debugging(): boolean {
  return Boolean(process.env['DISKSEAL_DEBUG']);
}

/** The stacks of an error and of what caused it. */
function stackOf(error: unknown): string {
  const stacks: string[] = [];
  for (let at: unknown = error; at instanceof Error && stacks.length < 8; at = at.cause) stacks.push(at.stack ?? String(at));
  return stacks.join('\ncaused by: ');
}
