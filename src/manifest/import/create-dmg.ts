/**
 * A command line of the shell script create-dmg, by itself or in a build script. Source: create-dmg's README. Its window counts from the
 * top of the screen and is as high as said with the title bar; here it counts from below and is as high as what it shows.
 */
import { DisksealError } from '../../core/errors.ts';
import { baseName, Import, type Imported } from './imported.ts';
import { type Word, wordsOfCommand } from './shell-words.ts';

const TITLE_BAR = 28;

/** Options and how many words follow each. */
const ARITY: Readonly<Record<string, number>> = {
  '--volname': 1,
  '--volicon': 1,
  '--background': 1,
  '--window-pos': 2,
  '--window-size': 2,
  '--text-size': 1,
  '--icon-size': 1,
  '--icon': 3,
  '--hide-extension': 1,
  '--custom-icon': 4,
  '--app-drop-link': 2,
  '--ql-drop-link': 2,
  '--eula': 1,
  '--rez': 1,
  '--no-internet-enable': 0,
  '--internet-enable': 0,
  '--format': 1,
  '--filesystem': 1,
  '--encrypt': 0,
  '--encrypt-aes128': 0,
  '--add-file': 4,
  '--add-folder': 4,
  '--disk-image-size': 1,
  '--hdiutil-verbose': 0,
  '--hdiutil-quiet': 0,
  '--hdiutil-retries': 1,
  '--bless': 0,
  '--codesign': 1,
  '--notarize': 1,
  '--sandbox-safe': 0,
  '--skip-jenkins': 0,
  '--applescript-sleep-duration': 1,
  '--overwrite': 0,
};

export function isCreateDmg(script: string): boolean {
  return wordsOfCommand(script, 'create-dmg') !== undefined;
}

/** @throws DisksealError `E_MANIFEST` for an option that create-dmg does not have */
export function importCreateDmg(script: string): Imported {
  const found = new Import('create-dmg');
  const { options, rest } = sorted(wordsOfCommand(script, 'create-dmg') ?? [], found);
  const { draft } = found;
  const one = (option: string): string | undefined => options.findLast(([name]) => name === option)?.[1][0];
  const [output, source] = rest;
  const volume = one('--volname') ?? (output === undefined ? 'Untitled' : baseName(output).replace(/\.dmg$/i, ''));
  draft.name = volume.replaceAll(/[/:]/g, '-');
  draft.volume.name = draft.name;
  if (output !== undefined) draft.output = output;
  found.remark('version', 'create-dmg knows no version: say which one this is');
  const icon = one('--volicon');
  if (icon !== undefined) draft.volume.icon = icon;
  const license = one('--eula');
  if (license !== undefined) draft.license = license;
  found.format(one('--format'));
  found.filesystem(one('--filesystem'));
  readWindow(options, found);
  readContents(options, source, found);
  remarkOn(options, found);
  return found;
}

type Options = readonly (readonly [name: string, values: readonly string[]])[];

function sorted(words: readonly Word[], found: Import): { options: Options; rest: readonly string[] } {
  const options: [string, string[]][] = [];
  const rest: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const { text, expands } = words[at]!;
    if (expands) found.remark('contents', `the shell would put something in the place of ${text}`);
    const count = ARITY[text];
    if (count === undefined && text.startsWith('--')) throw new DisksealError('E_MANIFEST', `create-dmg has no option ${text}`);
    if (count === undefined) {
      rest.push(text);
      continue;
    }
    const values = words.slice(at + 1, at + 1 + count);
    for (const value of values) if (value.expands) found.remark('contents', `the shell would put something in the place of ${value.text}`);
    options.push([text, values.map((value) => value.text)]);
    at += count;
  }
  return { options, rest };
}

function readWindow(options: Options, found: Import): void {
  const { window } = found.draft;
  const numbers = (option: string): number[] => (options.findLast(([name]) => name === option)?.[1] ?? []).map(Number);
  const [width, height] = numbers('--window-size');
  if (width && height) {
    window.size = { width, height: Math.max(50, height - TITLE_BAR) };
    found.remark('window', `create-dmg's height of ${height} has the title bar in it`);
  }
  if (numbers('--window-pos').length > 0)
    found.remark('window', 'create-dmg counts --window-pos from the top of the screen, which depends on the screen');
  const [iconSize] = numbers('--icon-size');
  if (iconSize) window.iconSize = iconSize;
  const [textSize] = numbers('--text-size');
  if (textSize) window.textSize = textSize;
  const background = options.findLast(([name]) => name === '--background')?.[1][0];
  if (background !== undefined) window.background = background;
}

function readContents(options: Options, source: string | undefined, found: Import): void {
  const { contents } = found.draft;
  const folder = source?.replace(/\/+$/, '');
  // A bundle is put into the volume itself, of another folder what it holds.
  const isBundle = folder !== undefined && /\.app$/i.test(folder);
  const placed: string[] = [];
  for (const [name, [first = '', second = '', third = '', fourth = '']] of options) {
    if (name === '--icon') {
      const item = baseName(first);
      placed.push(item);
      contents.push({
        src: isBundle ? folder : folder === undefined ? item : `${folder}/${item}`,
        ...found.place(Number(second), Number(third)),
      });
    } else if (name === '--app-drop-link') {
      contents.push({ type: 'link', target: '/Applications', dst: 'Applications', ...found.place(Number(first), Number(second)) });
    } else if (name === '--ql-drop-link') {
      contents.push({ type: 'link', target: '/Library/QuickLook', dst: 'QuickLook', ...found.place(Number(first), Number(second)) });
    } else if (name === '--add-file' || name === '--add-folder') {
      contents.push({ src: second, dst: first, ...found.place(Number(third), Number(fourth)) });
    }
  }
  if (folder === undefined) found.remark('contents', 'the command names no source folder');
  else if (isBundle && placed.length === 0) contents.unshift({ src: folder });
  else if (!isBundle) contents.push({ src: folder, dst: '.', ...(placed.length > 0 ? { exclude: placed } : {}) });
}

function remarkOn(options: Options, found: Import): void {
  const has = (option: string): boolean => options.some(([name]) => name === option);
  if (has('--codesign') || has('--notarize')) found.appleSigning('"--codesign"');
  if (has('--encrypt') || has('--encrypt-aes128')) found.remark('dmg', 'encryption is not written');
  if (has('--custom-icon')) found.remark('contents', '"--custom-icon": an icon of a file has no counterpart');
  if (has('--hide-extension'))
    found.remark('contents', '"--hide-extension" breaks the signature of an app; the Finder hides ".app" by itself');
  if (has('--disk-image-size')) found.remark('dmg', 'the image is as large as its contents need');
}
