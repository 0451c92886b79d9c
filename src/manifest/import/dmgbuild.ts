/**
 * dmgbuild's settings, as far as they are literals: the file is a program, and is not executed. Source: dmgbuild's documentation. Its
 * window counts from the lower left corner of the screen, as here.
 */
import { baseName, type Fields, fieldsOf, Import, type Imported, listOf, pointOf, textOf } from './imported.ts';
import { readAssignments } from './python-literals.ts';

const KNOWN = ['files', 'symlinks', 'icon_locations', 'window_rect', 'volume_name', 'badge_icon', 'icon_size'];

export function isDmgbuild(text: string): boolean {
  const { values, others } = readAssignments(text);
  return KNOWN.filter((name) => values[name] !== undefined || others.includes(name)).length >= 2;
}

export function importDmgbuild(text: string): Imported {
  const found = new Import('dmgbuild');
  const { values, others } = readAssignments(text);
  const { draft } = found;
  const volume = textOf(values.volume_name);
  draft.name = volume ?? 'Untitled';
  draft.volume.name = draft.name;
  if (volume === undefined) found.remark('name', 'dmgbuild is told the name on its command line');
  const output = textOf(values.filename);
  if (output !== undefined) draft.output = output;
  found.remark('version', 'dmgbuild knows no version: say which one this is');
  for (const name of others) found.remark('contents', `"${name}" is computed in the settings, which are not executed`);
  const icon = textOf(values.icon);
  const badge = textOf(values.badge_icon);
  if (icon !== undefined) draft.volume.icon = icon;
  else if (badge !== undefined) draft.volume.badgeIcon = badge;
  found.format(values.format ?? 'UDBZ');
  found.filesystem(values.filesystem);
  if (typeof values.compression_level === 'number' && values.compression_level >= 1)
    draft.dmg.compression = { level: Math.min(9, values.compression_level) };
  readWindow(values, found);
  readContents(values, found);
  readLicense(values.license, found);
  return found;
}

function readWindow(values: Fields, found: Import): void {
  const { window } = found.draft;
  const [position, size] = listOf(values.window_rect);
  const [width, height] = listOf(size);
  const place = pointOf(position);
  if (place) window.position = place;
  if (typeof width === 'number' && typeof height === 'number') window.size = { width, height };
  // 128 and 16 are dmgbuild's own when nothing is said.
  window.iconSize = typeof values.icon_size === 'number' ? values.icon_size : 128;
  window.textSize = typeof values.text_size === 'number' ? values.text_size : 16;
  if (values.label_pos === 'right') window.labelPosition = 'right';
  const view = { 'list-view': 'list', 'column-view': 'column' }[String(values.default_view)];
  if (view !== undefined) window.view = view;
  const scroll = pointOf(values.scroll_position);
  if (scroll && (scroll.x !== 0 || scroll.y !== 0)) window.scrollPosition = scroll;
  for (const [key, name] of Object.entries({
    show_sidebar: 'showSidebar',
    show_toolbar: 'showToolbar',
    show_pathbar: 'showPathBar',
    show_status_bar: 'showStatusBar',
  })) {
    if (values[key] === true) window[name] = true;
  }
  readBackground(textOf(values.background), found);
}

function readBackground(background: string | undefined, found: Import): void {
  if (background === undefined || background === '') return;
  const { window } = found.draft;
  if (background === 'builtin-arrow') found.remark('window', 'the picture "builtin-arrow" is dmgbuild\'s own');
  else if (/^(?:#|rgb\()/i.test(background)) window.backgroundColor = background;
  else if (/\.(?:png|tiff?|jpe?g)$/i.test(background)) window.background = background;
  else found.remark('window', `background ${background} is no picture that is known here: write a colour as #rrggbb`);
}

function readContents(values: Fields, found: Import): void {
  const { contents } = found.draft;
  const places = values.icon_locations === undefined ? {} : fieldsOf(values.icon_locations, 'icon_locations');
  const at = (name: string): { x?: number; y?: number } => {
    const place = pointOf(places[name]);
    return place ? { x: place.x, y: place.y } : {};
  };
  for (const file of listOf(values.files)) {
    const [src, name] = Array.isArray(file) ? (file as unknown[]) : [file];
    const path = textOf(src);
    if (path === undefined) continue;
    const dst = textOf(name);
    contents.push({ src: path, ...(dst === undefined ? {} : { dst }), ...at(dst ?? baseName(path)) });
  }
  const links = values.symlinks === undefined ? {} : fieldsOf(values.symlinks, 'symlinks');
  for (const [dst, target] of Object.entries(links))
    if (typeof target === 'string') contents.push({ type: 'link', target, dst, ...at(dst) });
  if (listOf(values.hide_extensions).length > 0) {
    found.remark('contents', '"hide_extensions" breaks the signature of an app; the Finder hides ".app" by itself');
  }
}

function readLicense(license: unknown, { draft }: Import): void {
  if (typeof license !== 'object' || license === null) return;
  const { licenses, 'default-language': byDefault } = license as Fields;
  if (typeof licenses !== 'object' || licenses === null) return;
  // A value that is no path is the text itself.
  const files = Object.entries(licenses).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && !entry[1].includes('\n'),
  );
  if (files.length === 0) return;
  draft.license = Object.fromEntries(files);
  const language = textOf(byDefault);
  if (language !== undefined && draft.license[language] !== undefined) draft.licenseDefault = language;
}
