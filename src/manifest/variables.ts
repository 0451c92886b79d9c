/**
 * Variables in the manifest's texts: `${name} ${version} ${arch}`, `${ext}` in `output`, `${env.X}` where allowed.
 * `$${` is a plain `${`. Environment values enter only by a name that the command line allows (seal-rules 23).
 */
import { closest } from '../core/closest-word.ts';
import type { Faults, KeyPath, SourceMap } from './source-map.ts';

export interface Environment {
  readonly values: Readonly<Record<string, string | undefined>>;
  /** The names that `--env` allows. */
  readonly allowed: readonly string[];
}

const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const PRODUCT = ['name', 'version', 'id', 'build', 'platform', 'arch', 'channel'] as const;

/** Expands every text in place. `top` is the manifest as plain values, before the schema has judged it. */
export function expandVariables(
  top: unknown,
  defaults: Record<string, string>,
  environment: Environment,
  map: SourceMap,
  faults: Faults,
): void {
  if (typeof top !== 'object' || top === null || Array.isArray(top)) return;
  const manifest = top as Record<string, unknown>;
  const expand = (value: unknown, path: KeyPath, known: Record<string, string>): unknown =>
    expandValue(value, path, { known, environment, map, faults });

  const product: Record<string, string> = { ...defaults };
  for (const key of PRODUCT) {
    // These may come from the environment, and not from each other: no order to think about, no circle.
    if (Object.hasOwn(manifest, key)) manifest[key] = expand(manifest[key], [key], {});
    const value = manifest[key];
    if (typeof value === 'string' || typeof value === 'number') product[key] = String(value);
  }
  const { ext, ...known } = product;
  for (const key of Object.keys(manifest)) {
    if (PRODUCT.some((one) => one === key)) continue;
    manifest[key] = expand(manifest[key], [key], key === 'output' && ext !== undefined ? { ...known, ext } : known);
  }
}

interface Scope {
  readonly known: Record<string, string>;
  readonly environment: Environment;
  readonly map: SourceMap;
  readonly faults: Faults;
}

function expandValue(value: unknown, path: KeyPath, scope: Scope): unknown {
  if (typeof value === 'string') return value.includes('${') ? expandText(value, path, scope) : value;
  if (Array.isArray(value)) return value.map((item, index) => expandValue(item, [...path, index], scope));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, expandValue(inner, [...path, key], scope)]));
}

function expandText(text: string, path: KeyPath, scope: Scope): string {
  return text.replace(REFERENCE, (whole: string, name: string | undefined, end: string | undefined) => {
    if (name === undefined) return '${';
    const { value, message, hint }: Found = end === '' ? { message: 'a "${" without its "}"' } : lookUp(name, path, scope);
    if (value !== undefined) return value;
    if (message !== undefined) scope.faults.add(scope.map.fault(message, scope.map.place(path), hint));
    return whole;
  });
}

/** A value, or what to say; neither when the schema will say it. */
interface Found {
  readonly value?: string | undefined;
  readonly message?: string | undefined;
  readonly hint?: string | undefined;
}

function lookUp(name: string, path: KeyPath, { known, environment }: Scope): Found {
  if (Object.hasOwn(known, name)) return { value: known[name] };
  if (name.startsWith('env.')) return fromEnvironment(name.slice(4), path, environment);
  if (name === 'ext') return { message: '${ext} is known in "output" only' };
  if (PRODUCT.some((one) => one === name)) {
    if (PRODUCT.some((one) => one === path[0]))
      return { message: `\${${name}} cannot be used in "${String(path[0])}"`, hint: 'only ${env.NAME} can' };
    return name === 'id' || name === 'build' ? { message: `\${${name}} has no value: the manifest does not say "${name}"` } : {};
  }
  const near = closest(name, [...Object.keys(known), 'ext']);
  const hint =
    near === undefined
      ? 'known are name, version, id, build, platform, arch, channel, ext and env.NAME; a plain "${" is written "$${"'
      : `did you mean \${${near}}?`;
  return { message: `unknown variable \${${name}}`, hint };
}

function fromEnvironment(name: string, path: KeyPath, { values, allowed }: Environment): Found {
  if (path[0] === 'sign')
    return { message: 'the environment is never used in "sign"', hint: 'a passphrase comes by passphraseEnv or passphraseFile' };
  if (!allowed.includes(name))
    return { message: `the environment variable ${name} is not allowed here`, hint: `allow it with --env ${name}` };
  const value = values[name];
  return value === undefined ? { message: `the environment variable ${name} is not set` } : { value };
}
