/**
 * What is fuzzed. A target names the modules it needs and runs one input: it returns, or throws a DisksealError. Anything else that it
 * throws is a fault, so it also states here what must hold of what a parser accepts.
 */
import { IMAGES } from './targets-images.mjs';
import { MESSAGES } from './targets-messages.mjs';

/** A parser that never refuses and one that never ends: does the fuzzer find them? Only its own test asks for these. */
const PLANTED = {
  'planted-fault': {
    modules: [],
    run(_, bytes) {
      if (bytes[0] === 0x30 && bytes[1] > 0x80 && bytes.length > 8) throw new TypeError(`planted at ${bytes[1]}`);
    },
  },
  'planted-loop': {
    modules: [],
    run(_, bytes) {
      while (bytes.length > 3 && bytes[2] === 7);
    },
  },
};

export const TARGETS = { ...MESSAGES, ...IMAGES };

const compiled = (path) => import(new URL(`../../dist/${path}.js`, import.meta.url).href);

/**
 * @param load - gives a module of the program by its path without ending; default: the compiled one
 * @returns the target with `run(bytes)`
 */
export async function loadTarget(name, load = compiled) {
  const { run, modules, ...rest } = TARGETS[name] ?? PLANTED[name];
  const loaded = await Promise.all(modules.map(load));
  const exports = Object.fromEntries(modules.map((path, index) => [path, loaded[index]]));
  return { ...rest, run: async (bytes) => run(exports, bytes) };
}
