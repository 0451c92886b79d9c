/** `diskseal mount`: the volume of an image in a folder, read-only, every read checked. */
import type { Call } from '../command.ts';
import { type MountCommandOptions, parseTimeout } from '../mounting/mount-options.ts';

export async function run({ arguments: given, options, output }: Call<MountCommandOptions>): Promise<number> {
  const [image, folder] = given as [string, string?];
  parseTimeout(options.timeout);
  if (options.system) {
    await (await import('../mounting/system-mount.ts')).systemMount(image, folder, options, output);
    return 0;
  }
  if (options.serve) return (await import('../mounting/server.ts')).serveMount(image, folder, options, output);
  return (await import('../mounting/server-process.ts')).startServer(options.foreground ?? false, output);
}
