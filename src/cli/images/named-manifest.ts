/** What `build` is given: a manifest, the folder that it is in, an app without one, or appdmg's specification. */
import { lstat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DisksealError } from '../../core/errors.ts';
import type { ManifestText } from '../../manifest/manifest.ts';

interface Options {
  readonly output?: string;
  readonly key?: string;
  readonly certificates?: string;
}

/** @returns what `loadManifest` takes @throws DisksealError `E_USAGE`, `E_MANIFEST`, `E_NOT_FOUND`, `E_READ` */
export async function manifestFor(path: string, { output, ...signing }: Options): Promise<string | ManifestText> {
  const { key, certificates } = signing;
  if (/\.app\/*$/.test(path)) return manifestForApp(path, output, signing);
  if (key !== undefined || certificates !== undefined) {
    const hint = 'in a manifest it is "sign": { key, certificates }; --set sign.key=… replaces one';
    throw new DisksealError('E_USAGE', '--key and --certificates are for an app without a manifest', { hint });
  }
  const stat = await lstat(path).catch(() => undefined);
  if (stat?.isDirectory()) return join(path, 'installer.yaml');
  if (!path.endsWith('.json')) return path;
  const { importAppdmgFile } = await import('../../manifest/import/import.ts');
  return (await importAppdmgFile(path)) ?? path;
}

async function manifestForApp(path: string, output: string | undefined, { key, certificates }: Options): Promise<ManifestText> {
  if (certificates !== undefined && key === undefined) throw new DisksealError('E_USAGE', '--certificates says nothing without --key');
  const sign =
    key === undefined ? undefined : { key: resolve(key), ...(certificates === undefined ? {} : { certificates: resolve(certificates) }) };
  const [{ readAppInfo }, { manifestOfApp }] = await Promise.all([
    import('../../manifest/app-info.ts'),
    import('../../manifest/app-manifest.ts'),
  ]);
  const info = await readAppInfo(resolve(path)).catch((error: unknown) => {
    throw error instanceof DisksealError ? error.with({ path }) : error;
  });
  return manifestOfApp(info, process.cwd(), output === undefined ? undefined : resolve(output), sign);
}
