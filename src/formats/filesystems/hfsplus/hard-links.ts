/**
 * Hard links: a file record of type "hlnk" leads by number to an inode, a file named for it in a private folder.
 * Sources: TN1150 "Hard Links"; hfs_format.h for chains and links to folders.
 */
import { type CatalogItem, readItem } from './catalog.ts';
import { malformed } from './malformed.ts';
import { FILE_CREATOR, FILE_TYPE, INODE_PREFIX, RecordFlag, RecordType } from './structs.ts';
import { type Place, privateFolder, type Volume } from './volume.ts';

export interface HardLinks {
  /** Dates of creation that make an "hlnk" file a link: the private folder's and the root's; none without private folder. */
  readonly dates: ReadonlySet<number>;
  /** The file that a link leads to. @throws DisksealError `E_HFSPLUS` when there is none */
  inode(link: CatalogItem): Promise<{ item: CatalogItem; place: Place }>;
}

export async function hardLinks(volume: Volume, root: CatalogItem): Promise<HardLinks> {
  const folder = await privateFolder(volume);
  return {
    dates: new Set(folder ? [folder.createDate, root.createDate] : []),
    async inode(link) {
      const place = { parent: folder?.id ?? 0, name: `${INODE_PREFIX}${link.special}` };
      const found = await volume.catalog.get(volume.catalogKey(place.parent, place.name));
      const item = found && readItem(found.leaf, found.index);
      if (item?.recordType !== RecordType.file) {
        throw malformed(`hard link ${link.id} leads to inode ${link.special}, which is not there`, link.offset + 44, 'BsdInfo.special');
      }
      return { item, place };
    },
  };
}

/** The kernel takes a file of this type for an ordinary one unless the date fits too (xnu, cat_lookup; Linux does the same). */
export function isHardLink(item: CatalogItem, links: HardLinks): boolean {
  return hasType(item, FILE_TYPE.hardLink, FILE_CREATOR.hardLink) && links.dates.has(item.createDate);
}

export function isFolderLink(item: CatalogItem): boolean {
  return (item.flags & RecordFlag.hasLinkChain) !== 0 && hasType(item, FILE_TYPE.folderAlias, FILE_CREATOR.folderAlias);
}

/** Whether a file record has this type and creator. */
export function hasType({ view, at }: CatalogItem, type: string, creator: string): boolean {
  const code = type + creator;
  for (let index = 0; index < 8; index++) if (view.getUint8(at + 48 + index) !== code.charCodeAt(index)) return false;
  return true;
}
