/**
 * appdmg.json, which dmgbuild reads too. Source: appdmg's README and JSON Schema. Its window is as high as said, without the title bar, and
 * counts from the lower left corner of the screen, as here.
 */
import { baseName, type Fields, fieldsOf, Import, type Imported, listOf, pointOf, textOf } from './imported.ts';

export function isAppdmg(config: Fields): boolean {
  return typeof config.title === 'string' && Array.isArray(config.contents);
}

/** @throws DisksealError `E_MANIFEST` when it is none */
export function importAppdmg(config: Fields): Imported {
  const found = new Import('appdmg');
  const { draft } = found;
  const title = textOf(config.title) ?? 'Untitled';
  draft.name = title;
  draft.volume.name = title;
  found.remark('version', 'appdmg knows no version: say which one this is');
  const icon = textOf(config.icon);
  if (icon !== undefined) draft.volume.icon = icon;
  readWindow(config, found);
  for (const item of listOf(config.contents)) readItem(fieldsOf(item, 'an item of contents'), found);
  found.format(config.format);
  found.filesystem(config.filesystem);
  if (config['code-sign'] !== undefined) found.appleSigning('"code-sign"');
  return found;
}

function readWindow(config: Fields, { draft }: Import): void {
  const window = config.window === undefined ? {} : fieldsOf(config.window, 'window');
  const position = pointOf(window.position);
  if (position) draft.window.position = position;
  const { width, height } = window.size === undefined ? {} : fieldsOf(window.size, 'window.size');
  if (typeof width === 'number' && typeof height === 'number') draft.window.size = { width, height };
  // 80 is appdmg's own when nothing is said.
  draft.window.iconSize = typeof config['icon-size'] === 'number' ? config['icon-size'] : 80;
  const background = textOf(config.background);
  const color = textOf(config['background-color']);
  if (background !== undefined) draft.window.background = background;
  else if (color !== undefined) draft.window.backgroundColor = color;
}

function readItem({ type, path: given, name: named, x, y }: Fields, found: Import): void {
  const path = textOf(given);
  const name = textOf(named);
  if (path === undefined) return found.remark('contents', 'an item without "path" was left out');
  const place = found.place(x, y);
  const { contents } = found.draft;
  if (type === 'link') contents.push({ type: 'link', target: path, dst: name ?? baseName(path), ...place });
  else if (type === 'position') found.remark('contents', `the place of ${path}: what is hidden lies outside of the window by itself`);
  else contents.push({ src: path, ...(name === undefined ? {} : { dst: name }), ...place });
}
