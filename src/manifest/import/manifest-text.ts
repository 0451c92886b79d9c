/** A manifest as people would write it: parts in the usual order, a comment where something could not be carried over. */
import { Document, type Pair, type Scalar } from 'yaml';
import type { Draft, Imported } from './imported.ts';

const ORDER: readonly (keyof Draft)[] = [
  'name',
  'version',
  'id',
  'output',
  'volume',
  'window',
  'contents',
  'license',
  'licenseDefault',
  'dmg',
];

/** @param from - the name of what was imported, for the first line */
export function manifestText({ builder, draft, remarks }: Imported, from: string): string {
  const values: Record<string, unknown> = { name: 'Untitled', version: '1.0.0', ...draft };
  const ordered = ORDER.flatMap((key) => (isEmpty(values[key]) ? [] : [[key, values[key]] as const]));
  const document = new Document(Object.fromEntries(ordered));
  document.commentBefore = ` From ${from}, which ${builder} reads. "diskseal schema" prints everything that may stand here.`;
  const left = new Set(remarks);
  for (const pair of (document.contents as { items: Pair<Scalar<string>>[] }).items) {
    const about = remarks.filter(({ about: key }) => key === pair.key.value);
    for (const remark of about) left.delete(remark);
    const texts = new Set(about.map(({ text }) => ` ${text}`));
    if (texts.size > 0) pair.key.commentBefore = [...texts].join('\n');
    pair.key.spaceBefore = pair.value !== null && typeof (pair.value as { items?: unknown }).items === 'object';
  }
  if (left.size > 0) document.comment = [...left].map(({ about, text }) => ` ${about}: ${text}`).join('\n');
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}
