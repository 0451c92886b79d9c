/**
 * electron-builder's configuration: electron-builder.yml or .json, or "build" in package.json. Source: its documentation of `dmg`. What
 * electron-builder makes itself, the app, is taken from where it puts it.
 */
import { baseName, type Fields, fieldsOf, Import, type Imported, listOf, textOf } from './imported.ts';

/** electron-builder's own, when nothing is said. */
const CONTENTS = [
  { x: 130, y: 220 },
  { x: 410, y: 220, type: 'link', path: '/Applications' },
];

export function isElectronBuilder(config: Fields): boolean {
  return ['appId', 'productName', 'dmg', 'mac', 'directories'].filter((key) => config[key] !== undefined).length >= 2;
}

/** @param packageJson - the one that the configuration belongs to; empty when there is none */
export function importElectronBuilder(config: Fields, packageJson: Fields = {}): Imported {
  const found = new Import('electron-builder');
  const { draft } = found;
  const name = textOf(config.productName) ?? textOf(packageJson.productName) ?? textOf(packageJson.name);
  if (name !== undefined) draft.name = name;
  const version = textOf(packageJson.version);
  if (version !== undefined) draft.version = version;
  const id = textOf(config.appId);
  if (id !== undefined) draft.id = id.toLowerCase();
  if (id !== undefined && id !== id.toLowerCase()) found.remark('id', `${id} in lower case, as product ids are`);
  const dmg = config.dmg === undefined ? {} : fieldsOf(config.dmg, 'dmg');
  readVolume(dmg, config, found);
  readOutput(dmg, config, found);
  readWindow(dmg, found);
  readContents(dmg, config, found);
  readLicense(dmg, found);
  found.format(dmg.format);
  if (dmg.sign === true) found.appleSigning('"dmg.sign"');
  if (dmg.size !== undefined || dmg.shrink !== undefined)
    found.remark('dmg', '"size" and "shrink": the image is as large as its contents need');
  return found;
}

function readVolume(dmg: Fields, config: Fields, found: Import): void {
  const { volume } = found.draft;
  const mac = config.mac === undefined ? {} : fieldsOf(config.mac, 'mac');
  volume.name = translated(textOf(dmg.title) ?? '${productName} ${version}', 'volume', found);
  const icon = textOf(dmg.icon) ?? textOf(mac.icon) ?? textOf(config.icon);
  const badge = textOf(dmg.badgeIcon);
  if (badge !== undefined) volume.badgeIcon = badge;
  else if (icon !== undefined && dmg.icon !== null) volume.icon = icon;
  found.filesystem(dmg.filesystem);
}

function readOutput(dmg: Fields, config: Fields, found: Import): void {
  const name = textOf(dmg.artifactName) ?? textOf(config.artifactName) ?? '${productName}-${version}.${ext}';
  found.draft.output = `${outputFolder(config)}/${translated(name, 'output', found)}`;
}

function outputFolder(config: Fields): string {
  const directories = config.directories === undefined ? {} : fieldsOf(config.directories, 'directories');
  return (textOf(directories.output) ?? 'dist').replace(/\/+$/, '');
}

/** Names in file names and titles; what is not known here is said and left out. */
function translated(text: string, about: 'volume' | 'output', found: Import): string {
  return text.replaceAll(/\$\{([^}]+)\}/g, (whole, variable: string) => {
    if (variable === 'productName' || variable === 'name') return '${name}';
    if (['version', 'arch', 'ext', 'channel'].includes(variable) || variable.startsWith('env.')) return whole;
    found.remark(about, `\${${variable}} has no counterpart and was left out`);
    return '';
  });
}

function readWindow(dmg: Fields, { draft }: Import): void {
  const window = dmg.window === undefined ? {} : fieldsOf(dmg.window, 'dmg.window');
  // The documentation has position and size, the program reads them flat.
  const { x, y } = window.position === undefined ? window : fieldsOf(window.position, 'dmg.window.position');
  const { width, height } = window.size === undefined ? window : fieldsOf(window.size, 'dmg.window.size');
  if (typeof x === 'number' && typeof y === 'number') draft.window.position = { x, y };
  if (typeof width === 'number' && typeof height === 'number') draft.window.size = { width, height };
  draft.window.iconSize = typeof dmg.iconSize === 'number' ? dmg.iconSize : 80;
  draft.window.textSize = typeof dmg.iconTextSize === 'number' ? dmg.iconTextSize : 12;
  const background = textOf(dmg.background);
  const color = textOf(dmg.backgroundColor);
  if (background !== undefined) draft.window.background = background;
  else if (color !== undefined) draft.window.backgroundColor = color;
}

function readContents(dmg: Fields, config: Fields, found: Import): void {
  const { contents } = found.draft;
  const app = `${outputFolder(config)}/mac/${found.draft.name ?? 'App'}.app`;
  for (const given of dmg.contents === undefined ? CONTENTS : listOf(dmg.contents)) {
    const { type, path: path_, name: named, x, y } = fieldsOf(given, 'an item of dmg.contents');
    const path = textOf(path_);
    const name = textOf(named);
    const place = found.place(x, y);
    if (type === 'link')
      contents.push({ type: 'link', target: path ?? '/Applications', dst: name ?? baseName(path ?? 'Applications'), ...place });
    else if (path === undefined) {
      found.remark(
        'contents',
        `electron-builder puts the app into ${outputFolder(config)}/mac, mac-arm64 or mac-universal: name the one to ship`,
      );
      contents.push({ src: app, ...(name === undefined ? {} : { dst: name }), ...place });
    } else contents.push({ src: path, ...(name === undefined ? {} : { dst: name }), ...place });
  }
}

function readLicense(dmg: Fields, { draft }: Import): void {
  if (typeof dmg.license === 'string') draft.license = dmg.license;
  else if (typeof dmg.license === 'object' && dmg.license !== null) {
    const files = Object.entries(dmg.license).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    if (files.length > 0) draft.license = Object.fromEntries(files);
  }
}
