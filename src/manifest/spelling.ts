/** Keys as people spell them: camelCase is canonical, kebab-case and snake_case are read, and a slip gets a suggestion. */
import { closest, meant } from '../core/closest-word.ts';

/** What users of other builders write, and what it is called here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  title: 'the volume’s name is `volume: { name: … }`',
  volname: 'the volume’s name is `volume: { name: … }`',
  volumeName: 'the volume’s name is `volume: { name: … }`',
  productName: 'it is called `name`',
  release: 'it is called `version`',
  appId: 'it is called `id`',
  artifactName: 'it is called `output`',
  format: 'it belongs under `dmg:`',
  filesystem: 'it belongs under `volume:`',
  compression: 'it belongs under `dmg:`',
  path: 'a source is `src`, where a link points is `target`',
  from: 'a source is `src`',
  to: 'a place in the volume is `dst`',
  files: 'it is called `contents`',
  fileInfo: 'write `mode`, `uid`, `gid` and `mtime` directly in the item',
  owner: 'owners are numbers: `uid`',
  group: 'groups are numbers: `gid`',
  timestampUrl: 'it is called `timestamp`, under `sign:`',
  timestampServer: 'it is called `timestamp`, under `sign:`',
  cert: 'it is called `certificates`',
  certificate: 'it is called `certificates`',
  passphrase: 'a passphrase never stands in a manifest: use `passphraseEnv` or `passphraseFile`',
  password: 'a passphrase never stands in a manifest: use `passphraseEnv` or `passphraseFile`',
};

const LATER = ['x', 'y', 'window', 'icon', 'iconSize', 'iconTextSize', 'background', 'backgroundColor', 'badgeIcon', 'iso', 'raw', 'bin'];

/** `icon-size` and `icon_size` as `iconSize`. */
export function camelCase(key: string): string {
  return key.replace(/[-_]+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** What to say about a key that the schema does not have. */
export function unknownKeyHint(key: string, known: readonly string[]): string {
  const canonical = camelCase(key);
  const near = closest(canonical, known);
  if (near !== undefined) return meant(near);
  if (Object.hasOwn(ELSEWHERE, canonical)) return ELSEWHERE[canonical]!;
  if (LATER.includes(canonical)) return 'this version does not do that yet';
  return `known here: ${known.join(', ')}`;
}
