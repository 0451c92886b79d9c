/**
 * What a FUSE server answers: a verified tree, read-only. It keeps no handles: OPEN and OPENDIR are declined once, and the kernel goes on
 * without them, with pages and names in its own caches. Nothing changes there, since a verified tree does not.
 * A read that fails is EIO, and `fault` hears why: bytes that are not what was signed stay unreadable (verify/verified-disk.ts).
 */
import { DisksealError } from '../../core/errors.ts';
import type { Entry, Folder } from '../../core/file-tree.ts';
import type { VerifiedTree } from '../../verify/verified-tree.ts';
import { attrAnswer, entryAnswer, noEntryAnswer, type Owner } from './attributes.ts';
import { directoryAnswer } from './directory.ts';
import { Errno, FuseError } from './errno.ts';
import { attributeNames, attributeValue, sizedAnswer } from './extended-attributes.ts';
import { type Inode, InodeTable } from './inodes.ts';
import { Listings } from './listings.ts';
import { fieldsIn, nameIn, type Request } from './request.ts';
import { BatchForgetIn, ForgetIn, ForgetOne, GetxattrIn, Opcode, ReadIn, StatfsOut } from './structs.ts';

export interface FilesystemOptions {
  readonly owner: Owner;
  /** Bytes of all files, and how many there are, for `df`. */
  readonly bytes: number;
  readonly files: number;
  /** Hears of what could not be read. @param path - in the volume */
  readonly fault: (error: DisksealError, path: string) => void;
}

/** Bytes after the header; a positive errno; or nothing, where the kernel wants no answer. */
export type Answer = Uint8Array | number | undefined;

export interface Filesystem {
  /** How many nodes the kernel knows. */
  readonly nodes: number;
  /** The request's body is used before this returns. Never throws, never rejects. */
  answer(request: Request): Answer | Promise<Answer>;
}

type Handler = (request: Request) => Answer | Promise<Answer>;

/** The kernel asks for at most 1 MiB. */
const MAX_READ = 1 << 20;

export function createFilesystem(tree: VerifiedTree, options: FilesystemOptions): Filesystem {
  const { owner, fault } = options;
  const inodes = new InodeTable(tree.root);
  const listings = new Listings();

  const known = ({ nodeid }: Request): Inode => {
    const inode = inodes.get(nodeid);
    if (!inode) throw new FuseError('ESTALE');
    return inode;
  };

  const folderOf = (request: Request): Folder => {
    const { entry } = known(request);
    if (entry.type !== 'folder') throw new FuseError('ENOTDIR');
    return entry;
  };

  const forget = (nodeid: number, count: number): void => {
    inodes.forget(nodeid, count);
    if (!inodes.get(nodeid)) listings.forget(nodeid);
  };

  const list = async (request: Request, plus: boolean): Promise<Answer> => {
    const { nodeid } = request;
    const { offset, size } = fieldsIn(ReadIn, request.body);
    const { entries } = await listings.of(nodeid, folderOf(request));
    const named = plus ? (entry: Entry): Inode => inodes.named(nodeid, entry) : undefined;
    return directoryAnswer(entries, { offset, size: Math.min(size, MAX_READ), named }, owner);
  };

  const read = (request: Request): Answer | Promise<Answer> => {
    const { entry } = known(request);
    if (entry.type !== 'file') throw new FuseError('EISDIR');
    const { offset, size } = fieldsIn(ReadIn, request.body);
    const length = Math.min(size, MAX_READ, entry.content.size - offset);
    return length > 0 ? entry.content.read(offset, length) : new Uint8Array();
  };

  const handlers: Record<number, Handler> = {
    async [Opcode.lookup](request) {
      const { nodeid } = request;
      const folder = folderOf(request);
      const name = nameIn(request.body);
      const entry = name === undefined ? undefined : await childOf(folder, name, listings, nodeid);
      return entry ? entryAnswer(inodes.named(nodeid, entry), owner) : noEntryAnswer();
    },
    [Opcode.getattr]: (request) => attrAnswer(known(request), owner),
    [Opcode.readlink](request) {
      const { entry } = known(request);
      if (entry.type !== 'symlink') throw new FuseError('EINVAL');
      return Buffer.from(entry.target);
    },
    [Opcode.read]: read,
    [Opcode.readdir]: (request) => list(request, false),
    [Opcode.readdirplus]: (request) => list(request, true),
    async [Opcode.getxattr](request) {
      const { entry } = known(request);
      const { size } = fieldsIn(GetxattrIn, request.body);
      const name = nameIn(request.body, GetxattrIn.size);
      if (name === undefined) throw new FuseError('ENODATA');
      return sizedAnswer(await attributeValue(entry, name), size);
    },
    [Opcode.listxattr]: (request) => sizedAnswer(attributeNames(known(request).entry), fieldsIn(GetxattrIn, request.body).size),
    [Opcode.statfs]: () => statfs(options),
    [Opcode.forget]({ nodeid, body }) {
      forget(nodeid, fieldsIn(ForgetIn, body).nlookup);
      return undefined;
    },
    [Opcode.batchForget]({ body }) {
      const { count } = fieldsIn(BatchForgetIn, body);
      for (let index = 0, at = BatchForgetIn.size; index < count && at + ForgetOne.size <= body.length; index++, at += ForgetOne.size) {
        const { nodeid, nlookup } = fieldsIn(ForgetOne, body, at);
        forget(nodeid, nlookup);
      }
      return undefined;
    },
    [Opcode.destroy]: () => new Uint8Array(),
  };

  const failed = (error: unknown, nodeid: number): number => {
    if (error instanceof FuseError) return error.errno;
    fault(asError(error), inodes.get(nodeid)?.path ?? '');
    return Errno.EIO;
  };

  return {
    get nodes() {
      return inodes.size;
    },
    answer(request) {
      const { opcode, nodeid } = request;
      const handler = handlers[opcode];
      if (!handler) return Errno.ENOSYS;
      try {
        const answer = handler(request);
        return answer instanceof Promise ? answer.catch((error: unknown) => failed(error, nodeid)) : answer;
      } catch (error) {
        return failed(error, nodeid);
      }
    },
  };
}

/** As names are listed; another normal form of the same name will do, another case not: it would be a second name of one folder. */
async function childOf(folder: Folder, name: string, listings: Listings, id: number): Promise<Entry | undefined> {
  const listed = listings.at(id);
  const byName = listed || !folder.child ? (await (listed ?? listings.of(id, folder))).byName : undefined;
  const found = byName?.get(name) ?? (await folder.child?.(name));
  return found && found.name.normalize() === name.normalize() ? found : undefined;
}

const BLOCK = 4096;

function statfs({ bytes, files }: FilesystemOptions): Uint8Array {
  return StatfsOut.write({ blocks: Math.ceil(bytes / BLOCK), files, bsize: BLOCK, frsize: BLOCK, namelen: 255 });
}

function asError(error: unknown): DisksealError {
  if (error instanceof DisksealError) return error;
  return new DisksealError('E_INTERNAL', `internal error: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}
