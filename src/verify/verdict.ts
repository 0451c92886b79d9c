/** The answer of a verification: every check that was made, in order, and what they come to. */
import type { ErrorCode } from '../core/errors.ts';

export interface Check {
  /** Short and stable: `container`, `seal`, `signature`, `path`, … */
  readonly name: string;
  /** `skipped`: not made, and the message says why. Only `fail` refuses. */
  readonly status: 'ok' | 'warning' | 'fail' | 'skipped';
  readonly message: string;
  /** With `fail`: which refusal this is. */
  readonly code?: ErrorCode | undefined;
  readonly offset?: number | undefined;
  readonly hint?: string | undefined;
}
