/** The public API. What is not exported here may change at any time. */
export { DisksealError, EXIT_CODES, type ErrorCode, type ErrorDetails } from './core/errors.ts';
