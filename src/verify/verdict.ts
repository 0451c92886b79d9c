/** The answer of a verification: every check that was made, in order, and what they come to. */
import { DisksealError, type ErrorCode, verdictRank } from '../core/errors.ts';

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

/** The failed check that decides, or nothing when none failed. */
export function decidingFailure(checks: readonly Check[]): (Check & { code: ErrorCode }) | undefined {
  const failures = checks.filter((check): check is Check & { code: ErrorCode } => check.status === 'fail');
  return failures.reduce<(Check & { code: ErrorCode }) | undefined>(
    (best, check) => (best && verdictRank(best.code) <= verdictRank(check.code) ? best : check),
    undefined,
  );
}

/** A failed check from an error; anything that is not a DisksealError is a fault of ours and fails too. */
export function failure(name: string, error: unknown): Check {
  if (!(error instanceof DisksealError)) {
    return {
      name,
      status: 'fail',
      code: 'E_INTERNAL',
      message: `internal error: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
  const { code, message, offset, hint } = error;
  return { name, status: 'fail', code, message, offset, hint };
}
