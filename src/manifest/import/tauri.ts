/** tauri.conf.json, versions 1 and 2. Source: Tauri's configuration reference. The app is taken from where `tauri build` puts it. */
import { type Fields, fieldsOf, Import, type Imported, listOf, pointOf, textOf } from './imported.ts';

/** Tauri's own, when nothing is said. */
const APP_POSITION = { x: 180, y: 170 };
const APPLICATIONS_POSITION = { x: 480, y: 170 };
const WINDOW_SIZE = { width: 660, height: 400 };

export function isTauri(config: Fields): boolean {
  return typeof config.tauri === 'object' || (typeof config.identifier === 'string' && typeof config.bundle === 'object');
}

/** Paths of the manifest that comes of it start where the configuration lies, in src-tauri. */
export function importTauri(config: Fields): Imported {
  const found = new Import('Tauri');
  const { draft } = found;
  const one = section(config, 'tauri');
  const product = config.tauri === undefined ? config : section(config, 'package');
  const bundle = config.tauri === undefined ? section(config, 'bundle') : section(one, 'bundle');
  const name = textOf(product.productName);
  if (name !== undefined) draft.name = name;
  const version = textOf(product.version);
  if (version?.endsWith('.json')) found.remark('version', `Tauri takes it from ${version}`);
  else if (version !== undefined) draft.version = version;
  const id = textOf(config.identifier) ?? textOf(bundle.identifier);
  if (id !== undefined) draft.id = id.toLowerCase();
  const icon = listOf(bundle.icon).find((path): path is string => typeof path === 'string' && path.endsWith('.icns'));
  if (icon !== undefined) draft.volume.icon = icon;
  draft.volume.name = '${name}';
  const macos = section(bundle, 'macOS');
  readWindow(section(macos, 'dmg'), found);
  const license = textOf(bundle.licenseFile) ?? textOf(macos.license);
  if (license !== undefined) draft.license = license;
  if (textOf(macos.signingIdentity) !== undefined) found.appleSigning('"signingIdentity"');
  return found;
}

function readWindow(dmg: Fields, { draft }: Import): void {
  const position = pointOf(dmg.windowPosition);
  if (position) draft.window.position = position;
  const { width, height } = section(dmg, 'windowSize');
  draft.window.size = typeof width === 'number' && typeof height === 'number' ? { width, height } : WINDOW_SIZE;
  const background = textOf(dmg.background);
  if (background !== undefined) draft.window.background = background;
  const app = pointOf(dmg.appPosition) ?? APP_POSITION;
  draft.contents.push({ src: `target/release/bundle/macos/${draft.name ?? 'App'}.app`, ...app });
  const applications = pointOf(dmg.applicationFolderPosition) ?? APPLICATIONS_POSITION;
  draft.contents.push({ type: 'link', target: '/Applications', dst: 'Applications', ...applications });
}

function section(from: Fields, key: string): Fields {
  return from[key] === undefined || from[key] === null ? {} : fieldsOf(from[key], key);
}
