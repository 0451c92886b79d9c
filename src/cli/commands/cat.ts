/** `diskseal cat`: one file of an image, as it is, or with `--json` as base64 in the document. */
import { type Disk, stream } from '../../core/disk.ts';
import { DisksealError } from '../../core/errors.ts';
import type { FileTree } from '../../core/file-tree.ts';
import { locateEntry } from '../../mount/selection.ts';
import type { Call } from '../command.ts';
import { type OpenOptions, withImage } from '../images/opened-image.ts';
import { withPlatform } from '../platform.ts';
import { errorDocument } from '../terminal/errors.ts';
import { type DocumentHead, type Output, ReportedError } from '../terminal/output.ts';
import { jsonText } from '../terminal/printable.ts';

export async function run({ arguments: given, options, output }: Call<OpenOptions>): Promise<void> {
  const [path, inside] = given as [string, string];
  await withPlatform((platform) =>
    withImage(path, options, output, platform, async ({ tree, shown, standing }) => {
      const content = await contentOf(tree, inside);
      if (output.json) return writeDocument({ image: shown, path: inside, ...standing, size: content.size }, content, output);
      for await (const bytes of stream(content)) {
        if (output.closed) return;
        await output.bytes(bytes);
      }
    }),
  );
}

async function contentOf(tree: FileTree, path: string): Promise<Disk> {
  const { entry } = await locateEntry(tree, path);
  if (entry.type === 'file') return entry.content;
  const what = entry.type === 'folder' ? 'a folder' : `a symbolic link to ${entry.target}`;
  const hint = entry.type === 'folder' ? '"diskseal ls" lists what is in it' : 'links are not followed: name the file that it leads to';
  throw new DisksealError('E_USAGE', `${path} is ${what}, not a file`, { hint });
}

/** A multiple of three, so that pieces of base64 can stand one after the other. */
const PIECE = 3 << 18;

/** Written piece by piece, so that a large file needs no memory; an error on the way becomes the last member. */
async function writeDocument(head: DocumentHead, content: Disk, output: Output): Promise<void> {
  const write = (text: string): Promise<void> => output.bytes(new TextEncoder().encode(text));
  await write(`${jsonText(head, 2).replace(/\n\}$/, '')},\n  "base64": "`);
  try {
    for await (const bytes of stream(content, PIECE)) {
      if (output.closed) return;
      await write(Buffer.from(bytes).toString('base64'));
    }
  } catch (error) {
    if (!(error instanceof DisksealError)) throw error;
    const placed = error.with({ path: head.image });
    await write(`",\n  "error": ${jsonText(errorDocument(placed))}\n}\n`);
    throw new ReportedError(placed);
  }
  await write('"\n}\n');
}
