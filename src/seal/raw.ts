/** The raw view of a seal: header and footer field by field, what lies between them by name. */
import { readRange } from '../core/disk.ts';
import type { RawField } from '../core/struct.ts';
import { type Area, AreaMark } from './area.ts';

/** Front to back, of the disk in which the area stands. */
export async function rawFields({ disk, offset, layout, mark }: Area): Promise<RawField[]> {
  const at = async (position: number, place: string): Promise<RawField[]> => {
    const bytes = await readRange(disk, position, AreaMark.size, 'AreaMark');
    return AreaMark.describe(bytes, 0, position).map((field) => ({ ...field, label: field.label.replace('AreaMark', place) }));
  };
  const part = (label: string, start: number, length: number, note: string): RawField[] => {
    if (length === 0) return [];
    return [{ offset: offset + start, bytes: new Uint8Array(), length, label, value: `${length} bytes`, note }];
  };
  return [
    ...(await at(offset, 'SealHeader')),
    ...part('SealContent', layout.content, mark.contentLength, 'inventory of the content'),
    ...part('SealDressing', layout.dressing, mark.dressingLength, 'inventory of the dressing'),
    ...part('SealLeaves', layout.table, mark.tableLength, `SHA-256 of ${mark.tableLength / 32} chunks`),
    ...part('SealSignatures', layout.cms, mark.cmsLength, 'CMS SignedData, DER'),
    ...(await at(offset + layout.footer, 'SealFooter')),
  ];
}
