/** `--set volume.name=X`: values from the command line, put into the manifest before its variables are expanded. */
import type { z } from 'zod';
import { knownKeys, readOverride, stepInto } from './document.ts';
import { Faults, SourceMap } from './source-map.ts';
import { unknownKeyHint } from './spelling.ts';

/**
 * Applies each "key.key=value" in turn. Keys are spelled as in the manifest, list items by number from 0; a text is taken
 * as it stands, anything else is YAML.
 */
export function applyOverrides(top: unknown, settings: readonly string[], schema: z.core.$ZodType, map: SourceMap, faults: Faults): void {
  for (const setting of settings) applyOne(top, setting, schema, map, faults);
}

function applyOne(top: unknown, setting: string, schema: z.core.$ZodType, map: SourceMap, faults: Faults): void {
  const refuse = (message: string, hint?: string): void =>
    faults.add(map.fault(`--set ${setting}: ${message}`, undefined, hint, 'E_USAGE'));
  const equals = setting.indexOf('=');
  if (equals < 1) return refuse('expected key=value', 'for example --set volume.name="Hello 2"');
  const keys = setting.slice(0, equals).split('.');
  let holder = top as Record<string | number, unknown>;
  let known: z.core.$ZodType | undefined = schema;
  for (const [index, written] of keys.entries()) {
    const step = stepInto(known, written);
    if (!step || written === '__proto__') return refuse(`there is no key "${written}"`, unknownKeyHint(written, knownKeys(known)));
    if (typeof holder !== 'object' || holder === null) return refuse(`"${keys[index - 1]}" holds no keys`);
    if (typeof step.key === 'number' && Array.isArray(holder) && step.key > holder.length) return refuse(`there is no item ${step.key}`);
    known = step.schema;
    if (index === keys.length - 1) holder[step.key] = parsedValue(setting.slice(equals + 1), known, refuse);
    else holder = (holder[step.key] ??= {}) as Record<string | number, unknown>;
  }
}

function parsedValue(text: string, schema: z.core.$ZodType | undefined, refuse: (message: string) => void): unknown {
  const inner = new Faults();
  const value = readOverride(text, schema, new SourceMap(text), inner);
  for (const { message } of inner.found) refuse(message);
  return value;
}
