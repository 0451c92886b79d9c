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
  icon: 'the volume’s icon is `volume: { icon: … }`',
  volicon: 'the volume’s icon is `volume: { icon: … }`',
  badgeIcon: 'it belongs under `volume:`',
  iconSize: 'it belongs under `window:`',
  textSize: 'it belongs under `window:`',
  iconTextSize: 'it is `textSize`, under `window:`',
  background: 'it belongs under `window:`',
  backgroundColor: 'it belongs under `window:`',
  windowSize: 'it is `window: { size: { width, height } }`',
  windowPosition: 'it is `window: { position: { x, y } }`, counted from the lower left corner of the screen',
  windowRect: 'it is `window: { position: { x, y }, size: { width, height } }`',
  width: 'it belongs under `size:`',
  height: 'it belongs under `size:`',
  x: 'the place of the window is `position: { x, y }`, that of an icon stands in its item',
  y: 'the place of the window is `position: { x, y }`, that of an icon stands in its item',
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
  return `known here: ${known.join(', ')}`;
}
