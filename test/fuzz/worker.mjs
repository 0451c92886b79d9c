/**
 * The thread that mutates and runs. What it is about to run it first writes where the other thread can read it, so that an input that
 * never ends is known. It tells of faults and of inputs that reached something new.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { startCoverage } from './coverage.mjs';
import { describe, faultOf } from './execute.mjs';
import { mutant } from './mutant.mjs';
import { randomNumbers } from './random.mjs';
import { RUNNING, RUNS, SIZE, STARTED } from './state.mjs';
import { loadTarget } from './targets.mjs';

const BATCH = 64;
const { name, seed, corpus, current, state, limit } = workerData;
const target = await loadTarget(name);
const coverage = startCoverage(new URL('../../dist/', import.meta.url).href);
const random = randomNumbers(seed);
/** Newest last. */
const inputs = [];

process.on('unhandledRejection', (error) =>
  tell(new Uint8Array(current).slice(0, Atomics.load(state, SIZE)), `not awaited: ${describe(error)}`),
);

const tell = (bytes, what) => parentPort.postMessage({ kind: 'fault', bytes, what });

async function run(bytes) {
  new Uint8Array(current).set(bytes);
  Atomics.store(state, SIZE, bytes.length);
  Atomics.store(state, STARTED, Date.now() % 2 ** 31);
  Atomics.store(state, RUNNING, 1);
  const started = performance.now();
  const what = await faultOf(target.run, bytes);
  const took = performance.now() - started;
  Atomics.store(state, RUNNING, 0);
  Atomics.add(state, RUNS, 1);
  if (what) tell(bytes, what);
  else if (took > limit) tell(bytes, 'slow');
}

async function hunt() {
  for (const bytes of corpus) {
    await run(bytes);
    inputs.push(bytes);
  }
  coverage.take();
  parentPort.postMessage({ kind: 'begun', reached: coverage.reached });

  for (;;) {
    const batch = Array.from({ length: BATCH }, () => mutant(target, inputs, random));
    for (const bytes of batch) await run(bytes);
    if (coverage.take(false) > 0) await attribute(batch);
  }
}

/** Finds by halves who of a batch reached something new: asking what ran costs more than running. */
async function attribute(batch) {
  for (const half of [batch.slice(0, batch.length >> 1), batch.slice(batch.length >> 1)]) {
    if (half.length === 0) continue;
    for (const bytes of half) await run(bytes);
    if (half.length > 1) {
      if (coverage.take(false) > 0) await attribute(half);
    } else if (coverage.take() > 0) {
      inputs.push(half[0]);
      parentPort.postMessage({ kind: 'new', bytes: half[0], reached: coverage.reached });
    }
  }
}

// Not awaited here: a thread that is ended within the evaluation of a module takes the process with it (Node.js 20).
hunt().catch((error) =>
  process.nextTick(() => {
    throw error;
  }),
);
