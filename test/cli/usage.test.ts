import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/declarations/commands.ts';
import { type CommandDeclaration, EXITS } from '../../src/cli/declarations/declaration.ts';
import { EXIT_CODES } from '../../src/core/errors.ts';
import { diskseal } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const paths = (commands: readonly CommandDeclaration[], before: string[] = []): { words: string[]; declared: CommandDeclaration }[] =>
  commands.flatMap((declared) => [
    { words: [...before, declared.name], declared },
    ...paths(declared.commands ?? [], [...before, declared.name]),
  ]);
const ALL = paths(COMMANDS);

describe('help', () => {
  it.each(ALL)('of $words', async ({ words, declared }) => {
    const { code, stdout, stderr } = await diskseal([...words, '--help']);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toContain(`Usage: diskseal ${words.join(' ')}`);
    for (const { flags, hidden } of declared.options) expect(stdout.includes(flags), flags).toBe(!hidden);
    if (declared.commands) return;
    for (const flag of ['--json', '--quiet', '--verbose']) expect(stdout).toContain(flag);
    expect(declared.examples.length).toBeGreaterThan(0);
    for (const [example] of declared.examples) expect(stdout).toContain(example);
    for (const exit of declared.exits) expect(stdout).toContain(`${String(exit).padStart(2)}  ${EXITS[exit]}`);
  });

  it('names every exit code there is', () => {
    expect(new Set([...Object.values(EXIT_CODES), 0, 12])).toEqual(new Set(Object.keys(EXITS).map(Number)));
  });

  it('names every code that a refusal can have', () => {
    const verify = COMMANDS.find(({ name }) => name === 'verify')!;
    expect(new Set(verify.exits)).toEqual(new Set(Object.keys(EXITS).map(Number)));
  });

  it('says in its examples only what it understands', async () => {
    const cwd = await temporaryFolder();
    for (const { declared } of ALL.filter((one) => !one.declared.commands)) {
      for (const [example] of declared.examples) {
        const words = [...example.replace(/ [|>].*$/, '').matchAll(/"([^"]*)"|(\S+)/g)].map((found) => found[1] ?? found[2]).slice(1);
        if (words[0] === 'keys' || words[0] === 'init') continue;
        const { stderr } = await diskseal(words, { cwd });
        expect(stderr, example).not.toMatch(/unknown|missing required|too many/);
      }
    }
  });

  it('of the whole, and of a command by "help"', async () => {
    const { code, stdout } = await diskseal(['--help']);
    expect(code).toBe(0);
    for (const { name, summary } of COMMANDS) {
      expect(stdout).toContain(name);
      expect(stdout.replace(/\s+/g, ' ')).toContain(summary);
    }
    expect((await diskseal(['help', 'verify'])).stdout).toBe((await diskseal(['verify', '--help'])).stdout);
  });

  it('prints the version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    expect(await diskseal(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  // The issue asks for 120 ms; on a busy machine a single run says little, so the best of several counts.
  it('costs little more than starting Node.js', async () => {
    const best = async (words: string[], node: string[] = []): Promise<number> => {
      let least = Infinity;
      for (let run = 0; run < 5; run++) least = Math.min(least, (await diskseal(words, { node })).milliseconds);
      return least;
    };
    const nothing = await best([], ['-e', '0']);
    expect((await best(['verify', '--help'])) - nothing).toBeLessThan(120);
  });
});

describe('wrong usage', () => {
  const WRONG: [string[], RegExp][] = [
    [[], /no command was given/],
    [['verfy'], /did you mean verify/],
    [['verify'], /missing required argument 'image'/],
    [['verify', 'a.dmg', 'b.dmg'], /too many arguments/],
    [['ls', '--frobnicate', 'a.dmg'], /unknown option '--frobnicate'/],
    [['ls', '--insecure-skip-verfy', 'a.dmg'], /did you mean --insecure-skip-verify/],
    [['verify', 'a.dmg', '--trust'], /argument missing/],
    [['verify', 'a.dmg', '--trust', 'sha256:12'], /not a SHA-256 fingerprint/],
    [['verify', 'a.dmg', '--publisher', 'Example Ltd'], /names no publisher/],
    [['verify', 'a.dmg', '--insecure-skip-verify'], /unknown option/],
    [['extract', 'a.dmg'], /where to extract to/],
    [['keys'], /no command was given/],
    [['keys', 'nwe'], /did you mean new/],
    [['keys', 'new', 'k', '--algorithm', 'dsa'], /--algorithm dsa is not known/],
  ];
  it.each(WRONG)('%j', async (words, pattern) => {
    const cwd = await temporaryFolder();
    const plain = await diskseal(words, { cwd });
    expect(plain).toMatchObject({ code: 2, stdout: '' });
    expect(plain.stderr).toMatch(pattern);
    expect(plain.stderr).toMatch(/^diskseal: error: .*\(E_USAGE\)$/m);
    expect(plain.stderr).not.toMatch(/\.$|^Error|node:internal/m);
    const json = await diskseal(words.length === 0 ? ['--json'] : [words[0], '--json', ...words.slice(1)], { cwd });
    expect(json.code).toBe(2);
    expect(json.json()).toMatchObject({ error: { code: 'E_USAGE', exitCode: 2 } });
  });
});
