/** What the two threads of a campaign share: places in an Int32Array. */
export const RUNS = 0;
/** Bytes of the input that runs. */
export const SIZE = 1;
/** Milliseconds since the epoch, modulo 2^31. */
export const STARTED = 2;
/** 1 while an input runs. */
export const RUNNING = 3;
export const FIELDS = 4;
/** The longest input. */
export const ROOM = 1 << 20;
