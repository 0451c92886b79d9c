/**
 * Extended attributes as Linux shows them: each with the prefix `user.`, the only namespace that carries no rights, so that an image can
 * set neither `security.*` nor `trusted.*` nor `system.*`. The same ones as `extract` keeps, and Finder info and resource forks beside.
 */
import { bytesDisk, type Disk } from '../../core/disk.ts';
import type { Entry } from '../../core/file-tree.ts';
import { attributeHost } from '../host-attributes.ts';
import { FuseError } from './errno.ts';
import { GetxattrOut } from './structs.ts';

const PREFIX = 'user.';
const host = attributeHost('/', 'linux');

/** The bytes of LISTXATTR: names, each with a NUL. */
export function attributeNames(entry: Entry): Uint8Array {
  return Buffer.from([...attributesOf(entry).keys()].map((name) => `${PREFIX}${name}\0`).join(''));
}

/** @throws FuseError `ENODATA` */
export async function attributeValue(entry: Entry, name: string): Promise<Uint8Array> {
  const value = name.startsWith(PREFIX) ? attributesOf(entry).get(name.slice(PREFIX.length)) : undefined;
  if (!value) throw new FuseError('ENODATA');
  return value.read(0, value.size);
}

/** How both are answered: the size when it is asked for, else all of it. @throws FuseError `ERANGE` */
export function sizedAnswer(value: Uint8Array, room: number): Uint8Array {
  if (room === 0) return GetxattrOut.write({ size: value.length });
  if (value.length > room) throw new FuseError('ERANGE');
  return value;
}

function attributesOf(entry: Entry): Map<string, Disk> {
  const all = new Map(entry.xattrs);
  if (entry.finderInfo?.some((byte) => byte !== 0)) all.set('com.apple.FinderInfo', bytesDisk(entry.finderInfo));
  if (entry.type === 'file' && entry.resourceFork?.size) all.set('com.apple.ResourceFork', entry.resourceFork);
  for (const [name, value] of all) if (!host.takes(name) || value.size > host.limit || name.includes('\0')) all.delete(name);
  return all;
}
