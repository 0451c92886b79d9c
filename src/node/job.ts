/** What goes between the main thread and a worker. */
import { DisksealError, type ErrorCode, type ErrorDetails } from '../core/errors.ts';

/** What a worker is sent, and what it answers. */
export interface Job {
  readonly id: number;
  readonly task: string;
  readonly input: unknown;
}
export type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly error: ThrownError });

/** An error as plain data: class instances do not survive the way between threads. */
export interface ThrownError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** Any error, as it is sent. */
export function plainError(error: unknown): ThrownError {
  if (!(error instanceof DisksealError))
    return { code: 'E_INTERNAL', message: error instanceof Error ? error.message : String(error), details: {} };
  const { code, message, path, offset, field, line, column, hint } = error;
  return { code, message, details: { path, offset, field, line, column, hint } };
}
