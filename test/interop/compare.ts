/** Compares what a reader saw with what the tree holds. Nothing is left out in silence: what is not compared is counted, with the reason. */
import type { Content, ExpectedEntry } from './expected.ts';
import type { Aspect, Reader, Seen, SeenEntry } from './readers/reader.ts';

export interface Comparison {
  readonly faults: readonly string[];
  /** Aspects that were compared. */
  readonly compared: number;
  /** Reason → aspects that were not. */
  readonly notCompared: ReadonlyMap<string, number>;
}

export function compare(expected: readonly ExpectedEntry[], seen: Seen, reader: Reader): Comparison {
  const faults = seen.complaints.map((complaint) => `complains: ${complaint}`);
  const notCompared = new Map<string, number>();
  const shown = new Map(seen.entries.map((entry) => [entry.path.normalize('NFC'), entry]));
  if (shown.size !== seen.entries.length) faults.push('shows two entries under one path');
  let compared = 0;

  const judge = (entry: ExpectedEntry, aspect: Aspect, fault: () => string | undefined): void => {
    const limit = reader.limits.find((limit) => limit.aspects.includes(aspect) && limit.applies(entry));
    if (limit) {
      notCompared.set(limit.reason, (notCompared.get(limit.reason) ?? 0) + 1);
      return;
    }
    compared++;
    const found = fault();
    if (found !== undefined) faults.push(`${JSON.stringify(entry.path)}: ${found}`);
  };

  for (const entry of expected) {
    const path = entry.path
      .split('/')
      .map((name) => reader.shownName(name))
      .join('/');
    const found = shown.get(path);
    shown.delete(path);
    judge(entry, 'presence', () => (found ? differs('type', found.type, entry.type) : 'is not there'));
    if (!found) continue;
    judge(entry, 'name', () => undefined);
    for (const aspect of reader.judges) if (applicable(entry, aspect)) judge(entry, aspect, () => FAULTS[aspect](found, entry));
  }
  for (const path of shown.keys()) faults.push(`${JSON.stringify(path)}: is not in the tree`);
  return { faults, compared, notCompared };
}

function applicable(entry: ExpectedEntry, aspect: Aspect): boolean {
  if (aspect === 'target') return entry.type === 'symlink';
  if (aspect === 'content' || aspect === 'resourceFork' || aspect === 'links') return entry.type === 'file';
  return true;
}

const FAULTS: Record<Aspect, (seen: SeenEntry, entry: ExpectedEntry) => string | undefined> = {
  presence: () => undefined,
  name: () => undefined,
  mode: (seen, entry) => differs('mode', seen.mode?.toString(8), entry.mode.toString(8)),
  owner: (seen, entry) => differs('owner', `${seen.uid}:${seen.gid}`, `${entry.uid}:${entry.gid}`),
  modified: (seen, entry) => differs('modification time', seen.modified, entry.modified),
  links: (seen, entry) => differs('number of names', seen.links, entry.links),
  target: (seen, entry) => differs('target', seen.target?.normalize('NFC'), entry.target?.normalize('NFC')),
  content: (seen, entry) => contentFault('content', seen.content, entry.content),
  resourceFork: (seen, entry) => contentFault('resource fork', seen.resourceFork, entry.resourceFork),
  attributes: (seen, entry) => attributesFault(seen.attributes ?? new Map(), entry.attributes),
};

function differs(what: string, seen: unknown, expected: unknown): string | undefined {
  return seen === expected ? undefined : `${what} is ${String(seen)}, should be ${String(expected)}`;
}

function contentFault(what: string, seen: Partial<Content> | undefined, expected: Content | undefined): string | undefined {
  if (!expected) return seen ? `there is a ${what}, there should be none` : undefined;
  if (!seen) return `there is no ${what}`;
  if (seen.sha256 === undefined && seen.md5 === undefined) return `its ${what} was not read`;
  for (const key of ['size', 'sha256', 'md5'] as const) {
    const fault = seen[key] === undefined ? undefined : differs(`${key} of the ${what}`, seen[key], expected[key]);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function attributesFault(seen: ReadonlyMap<string, Partial<Content>>, expected: ReadonlyMap<string, Content>): string | undefined {
  for (const name of seen.keys()) if (!expected.has(name)) return `attribute ${name} should not be there`;
  for (const [name, value] of expected) {
    const fault = contentFault(`attribute ${name}`, seen.get(name), value);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
