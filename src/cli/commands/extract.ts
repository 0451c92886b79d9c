/** `diskseal extract`: the files of an image in a folder of this host. */
import { DisksealError } from '../../core/errors.ts';
import { extract } from '../../mount/extract.ts';
import { quarantineOf } from '../../mount/quarantine.ts';
import type { Dropped, WriteReport } from '../../mount/write-tree.ts';
import type { Call } from '../command.ts';
import { type OpenOptions, withImage } from '../images/opened-image.ts';
import { withPlatform } from '../platform.ts';
import { unfinishedFolders } from '../terminal/interrupt.ts';
import type { Output } from '../terminal/output.ts';
import { counted, humanSize } from '../terminal/printable.ts';
import { createProgress } from '../terminal/progress.ts';

interface Options extends OpenOptions {
  readonly output?: string;
  readonly appleDouble?: boolean;
  readonly specialModes?: boolean;
}

export async function run({ arguments: given, options, output }: Call<Options>): Promise<void> {
  const [path, paths] = given as [string, string[]];
  const destination = options.output;
  if (!destination) {
    throw new DisksealError('E_USAGE', 'it is not said where to extract to', { hint: 'name a new folder: --output DIR' });
  }
  await withPlatform((platform) =>
    withImage(path, options, output, platform, async ({ tree, shown, standing, remote }) => {
      const progress = createProgress(output, `extracting ${shown}`);
      const { appleDouble = false, specialModes = false } = options;
      const report = await extract(tree, paths, destination, {
        appleDouble,
        specialModes,
        unfinished: unfinishedFolders,
        mark: await quarantineOf(path, standing.verified && !remote, Date.now() / 1000),
        progress: ({ files, bytes }) => progress.update(bytes, undefined, `${counted(files, 'file')}, ${humanSize(bytes)}`),
      }).finally(() => progress.finish());
      await output.document({ image: shown, output: destination, ...standing, ...report });
      await output.line(destination);
      summarise(report, output);
    }),
  );
}

function summarise(report: WriteReport, output: Output): void {
  const { files, folders, symlinks, hardLinks, appleDoubles, bytes } = report;
  const parts = [counted(files, 'file'), counted(folders, 'folder')];
  if (symlinks > 0) parts.push(counted(symlinks, 'symbolic link'));
  if (hardLinks > 0) parts.push(counted(hardLinks, 'hard link'));
  if (appleDoubles > 0) parts.push(counted(appleDoubles, '._ file'));
  output.note(`extracted ${parts.join(', ')}: ${humanSize(bytes)}`);
  const dropped = droppedText(report.dropped);
  if (dropped) output.note(`not kept, because this system or its folder cannot hold it or was not asked to: ${dropped}`);
  const apple = report.dropped.attributes + report.dropped.finderInfo + report.dropped.resourceForks;
  if (apple > 0) output.note('--apple-double keeps attributes, Finder info and resource forks in ._ files');
}

function droppedText(dropped: Dropped): string {
  const all: [number, string, string?][] = [
    [dropped.attributes, 'extended attribute'],
    [dropped.finderInfo, 'Finder info', 'Finder infos'],
    [dropped.resourceForks, 'resource fork'],
    [dropped.flags, 'set of file flags', 'sets of file flags'],
    [dropped.specialModes, 'setuid, setgid or sticky mode'],
    [dropped.hardLinks, 'hard link (written as a file)', 'hard links (written as files)'],
  ];
  return all
    .filter(([count]) => count > 0)
    .map(([count, one, many]) => counted(count, one, many ?? `${one}s`))
    .join(', ');
}
