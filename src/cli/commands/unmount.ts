/** `diskseal unmount`: takes a mount away, also one whose server was killed. */
import { DisksealError } from '../../core/errors.ts';
import { detach } from '../../mount/fuse/detach.ts';
import { placeOf } from '../../mount/mount-point.ts';
import type { Call } from '../command.ts';
import { systemUnmount } from '../mounting/system-mount.ts';

interface Options {
  readonly force?: boolean;
}

export async function run({ arguments: given, options, output }: Call<Options>): Promise<void> {
  const [path] = given as [string];
  const folder = await placeOf(path);
  const done = async (): Promise<boolean> => (await systemUnmount(folder)) || detach(folder, options.force ?? false);
  const unmounted = await done().catch((error: unknown) => {
    throw error instanceof DisksealError ? error.with({ path }) : error;
  });
  if (!unmounted) {
    throw new DisksealError('E_WRITE', 'it is in use: a file is open there, or a program works in it', {
      path,
      hint: 'close it, or --force: what is open there then fails',
    });
  }
  await output.document({ folder });
  output.note(`unmounted ${folder}`);
}
