/** The manifest of an app that has none: what its Info.plist says, and a link to drag it onto. */
import { basename, dirname } from 'node:path';
import { DisksealError } from '../core/errors.ts';
import type { AppInfo } from './app-info.ts';
import type { ManifestText } from './manifest.ts';

export interface AppSigning {
  /** Paths, absolute. */
  readonly key: string;
  readonly certificates?: string;
}

/** @returns a product id as manifests want it, when the bundle's identifier gives one */
export function productIdOf({ identifier }: AppInfo): string | undefined {
  const id = identifier?.toLowerCase().replaceAll('_', '-');
  return id !== undefined && /^[a-z0-9.-]{1,255}$/.test(id) ? id : undefined;
}

/** What stands in a name for people and cannot stand in one of a file or a volume. */
export function plainName(text: string): string {
  return text.replaceAll(/[/:]/g, '-').replaceAll('${', '$ {');
}

/**
 * @param output - absolute; without one the image is "Name version.dmg" in `outputFolder`
 * @throws DisksealError `E_MANIFEST` when the bundle does not say its version, or has no identifier to sign it under
 */
export function manifestOfApp(info: AppInfo, outputFolder: string, output: string | undefined, sign: AppSigning | undefined): ManifestText {
  const id = productIdOf(info);
  const [name, version] = [plainName(info.name), info.version && plainName(info.version)];
  if (version === undefined) {
    const hint = 'set CFBundleShortVersionString, or write a manifest: diskseal init';
    throw new DisksealError('E_MANIFEST', 'its Info.plist has no version', { path: info.path, hint });
  }
  if (sign && id === undefined) {
    const hint = 'set CFBundleIdentifier, as in com.example.hello, or write a manifest: diskseal init';
    throw new DisksealError('E_MANIFEST', 'a signed image needs an id, and its Info.plist has none that will do', {
      path: info.path,
      hint,
    });
  }
  const document = {
    name,
    version,
    ...(id === undefined ? {} : { id }),
    platform: 'macos',
    output: output ?? `${outputFolder}/${name} ${version}.dmg`,
    volume: { name, ...(info.icon === undefined ? {} : { icon: `${basename(info.path)}/${info.icon}` }) },
    contents: [
      { type: 'app', src: basename(info.path), x: 170, y: 180 },
      { type: 'link', target: '/Applications', dst: 'Applications', x: 470, y: 180 },
    ],
    // Two large icons side by side in the middle; no background, so that light and dark are the reader's own.
    window: { position: { x: 200, y: 200 }, size: { width: 640, height: 400 }, view: 'icon', iconSize: 128, textSize: 13 },
    ...(sign ? { sign } : {}),
  };
  // JSON is YAML; the lines are for messages that point into it.
  return { text: `${JSON.stringify(document, null, 2)}\n`, folder: dirname(info.path) };
}
