/** One target fuzzed for a while: a worker that runs inputs, and this thread, which watches its time and its memory. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { corpusFolder, foundFolder, inputsIn, sharedInputs, writeInput } from './inputs.mjs';
import { FIELDS, ROOM, RUNNING, RUNS, SIZE, STARTED } from './state.mjs';
import { loadTarget } from './targets.mjs';

/** What one input may cost: milliseconds, bytes of the whole process. */
export const TIME_LIMIT = 2000;
export const MEMORY_LIMIT = 512 << 20;
/** Faults that are seen from outside only: nothing makes their inputs shorter. */
const UNTHROWN = /^(hangs|ends the process|slow|hungry)/;
const HERE = fileURLToPath(new URL('.', import.meta.url));

/**
 * @param options.seconds - how long
 * @param options.seed - the same seed makes the same inputs as long as the program reaches the same places
 * @param options.keep - writes new inputs into the corpus
 * @param options.enough - ends after so many faults
 * @param options.found - the folder for inputs that show a fault
 * @returns runs, inputs that reached something new, characters of the program reached, faults
 */
export async function campaign(name, { seconds, seed, keep = false, found = foundFolder, enough = Infinity }) {
  const { shared = [], limit } = await loadTarget(name);
  const own = [...inputsIn(corpusFolder(name)), ...inputsIn(foundFolder, (file) => file.startsWith(`${name}-`))];
  const corpus = [...own, ...sharedInputs(shared, limit)];
  const result = { name, runs: 0, corpus: corpus.length, fresh: 0, reached: 0, peak: 0, faults: [] };
  const known = new Set();
  const fresh = [];
  const until = Date.now() + seconds * 1000;
  for (let round = 0; Date.now() < until && result.faults.length < enough; round++) {
    const inputs = [...corpus.map(({ bytes }) => bytes), ...fresh];
    const suspect = await watch(name, { corpus: inputs, seed: seed + round, until, result, known, fresh, found, enough });
    if (!suspect) continue;
    const what = confirm(name, suspect);
    if (what) report(name, suspect, what, { result, known, found });
  }
  if (keep) for (const bytes of fresh) writeInput(corpusFolder(name), bytes);
  return result;
}

/** Until the time is over, or an input makes the worker useless. @returns that input, which is a suspect and no more */
function watch(name, { corpus, seed, until, result, known, fresh, found, enough }) {
  const current = new SharedArrayBuffer(ROOM);
  const state = new Int32Array(new SharedArrayBuffer(4 * FIELDS));
  const worker = new Worker(new URL('worker.mjs', import.meta.url), {
    workerData: { name, seed, corpus, current, state, limit: TIME_LIMIT },
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_LIMIT >> 20 },
  });
  return new Promise((resolve, reject) => {
    let over = false;
    const finish = (suspect) => {
      if (over) return;
      over = true;
      clearInterval(timer);
      const bytes = suspect && new Uint8Array(current).slice(0, Atomics.load(state, SIZE));
      void worker.terminate().then(() => {
        result.runs += Atomics.load(state, RUNS);
        resolve(bytes);
      });
    };
    const timer = setInterval(() => {
      const memory = process.memoryUsage.rss();
      result.peak = Math.max(result.peak, memory);
      const age = Atomics.load(state, RUNNING) ? ((Date.now() % 2 ** 31) - Atomics.load(state, STARTED) + 2 ** 31) % 2 ** 31 : 0;
      if (age > TIME_LIMIT || memory > MEMORY_LIMIT) finish(true);
      else if (Date.now() > until) finish(false);
    }, 50);
    worker.on('message', ({ kind, bytes, what, reached }) => {
      if (kind === 'fault') {
        report(name, bytes, what === 'slow' ? confirm(name, bytes) : what, { result, known, found });
        if (result.faults.length >= enough) finish(false);
      } else result.reached = reached;
      if (kind !== 'new') return;
      result.fresh++;
      fresh.push(bytes);
    });
    worker.on('error', (error) => (error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? finish(true) : reject(error)));
    // An input whose promise is never settled leaves the worker nothing to do.
    worker.on('exit', () => finish(true));
  });
}

/** @returns what the input shows in a process of its own: slowness and hunger may have been those of another */
function confirm(name, bytes) {
  const place = mkdtempSync(join(tmpdir(), 'diskseal-fuzz-'));
  try {
    const file = writeInput(place, bytes);
    const limit = `--max-old-space-size=${MEMORY_LIMIT >> 20}`;
    const { stdout, error } = spawnSync(process.execPath, [limit, join(HERE, 'replay.mjs'), name, file], { timeout: 5 * TIME_LIMIT });
    if (error) return 'hangs';
    const line = stdout.toString();
    if (line === '') return 'ends the process, or never settles';
    const { what, milliseconds, memory } = JSON.parse(line);
    if (what) return what;
    if (milliseconds > TIME_LIMIT) return `slow: ${Math.round(milliseconds)} ms`;
    return memory > MEMORY_LIMIT ? `hungry: ${memory >> 20} MiB` : undefined;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function report(name, bytes, what, { result, known, found }) {
  const kind = what?.replaceAll(/\d+/g, '#');
  if (!what || known.has(kind)) return;
  known.add(kind);
  const place = mkdtempSync(join(tmpdir(), 'diskseal-fuzz-'));
  const shorter = join(place, 'shorter');
  if (!UNTHROWN.test(what)) {
    spawnSync(process.execPath, [join(HERE, 'minimise.mjs'), name, writeInput(place, bytes), shorter], { timeout: 60_000 });
  }
  const file = writeInput(found, existsSync(shorter) ? new Uint8Array(readFileSync(shorter)) : bytes, `${name}-`);
  rmSync(place, { recursive: true, force: true });
  result.faults.push({ what, file });
  console.error(`${name}: ${what}\n  ${file}`);
}
