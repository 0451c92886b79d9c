/** The tables of docs/verifiers.md: which differences between the verifiers are allowed. */
import { readFileSync } from 'node:fs';

export interface Difference {
  readonly difference: string;
  readonly why: string;
}

const PAGE = readFileSync(new URL('../../docs/verifiers.md', import.meta.url), 'utf8');

/** Cells of each row of each table, the heads among them. */
export const rows: readonly (readonly string[])[] = PAGE.split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

/** Vectors of which the recipe says something else than the command, by their name. */
export const recipeRows: ReadonlyMap<string, Difference> = new Map(
  rows.flatMap(([name = '', difference = '', why = '', ...more]) => {
    const vector = /^`((?:good|E_\w+)\.[\w.-]+)`$/.exec(name)?.[1];
    return vector === undefined || more.length > 0 ? [] : [[vector, { difference, why }] as const];
  }),
);

/** Vectors for which a script gives another code than the command. */
export const scriptDifferences: ReadonlyMap<string, { command: number; script: number; difference: string }> = new Map(
  rows.flatMap(([name = '', command = '', script = '', difference = '', why = '']) => {
    const vector = /^`(\w+\.[\w.-]+)`$/.exec(name)?.[1];
    if (vector === undefined || why === '' || !/^\d+$/.test(command) || !/^\d+$/.test(script)) return [];
    return [[vector, { command: Number(command), script: Number(script), difference }] as const];
  }),
);
