/** `diskseal init`: a first manifest, with a comment on every line, filled in from an app, or made from another builder's configuration. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { DisksealError } from '../../core/errors.ts';
import { readError, writeError } from '../../core/system-error.ts';
import { readAppInfo } from '../../manifest/app-info.ts';
import { plainName, productIdOf } from '../../manifest/app-manifest.ts';
import { importManifest } from '../../manifest/import/import.ts';
import { createOutput } from '../../node/output-file.ts';
import type { Call } from '../command.ts';
import { refuseTaken } from '../images/taken.ts';
import type { Output } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';

interface Options {
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly from?: string;
}

/** What is asked for, with what an answer must look like. */
const QUESTIONS = [
  { key: 'name', question: 'name of the product', valid: /^[^/:\p{Cc}]+$/u, rule: 'a name cannot hold "/" or ":"' },
  { key: 'version', question: 'version', valid: /^[^\p{Cc}]+$/u, rule: 'a version is text, as in 1.0.0' },
  {
    key: 'id',
    question: 'product id, in reverse DNS',
    valid: /^[a-z0-9.-]{1,255}$/,
    rule: 'an id has the characters a-z 0-9 . - as in com.example.hello',
  },
] as const;

export async function run({ arguments: given, options, output }: Call<Options>): Promise<void> {
  const [named] = given as [string?];
  const imported = options.from === undefined ? undefined : await importManifest(options.from);
  const folder = named ?? imported?.folder ?? '.';
  if (imported && relative(imported.folder, folder) !== '') throw elsewhere(imported.folder);
  const path = join(folder, 'installer.yaml');
  const force = options.force ?? false;
  await refuseTaken(path, force);
  const made: { text: string; app?: string } = imported ?? (await newManifest(folder, options, output));
  const { text, app } = made;
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw writeError(folder, error);
  });
  const file = await createOutput(path, { force });
  try {
    await file.write(new TextEncoder().encode(text));
    await file.publish();
  } catch (error) {
    await file.discard();
    throw error;
  }
  const remarks = imported?.remarks ?? [];
  await output.document({ output: path, ...(imported ? { from: imported.builder, remarks } : {}) });
  await output.line(printable(path));
  for (const remark of remarks) output.note(printable(remark));
  const next = imported ? 'read its comments, then ' : app === undefined ? 'name your app under "contents", then ' : '';
  output.note(`${app === undefined ? '' : `found ${printable(app)}; `}next: ${next}"diskseal build ${path}"`);
}

async function newManifest(folder: string, options: Options, output: Output): Promise<{ text: string; app?: string }> {
  const found = await withApp(await readTemplate(), folder);
  const asks = !options.yes && !output.json && process.stdin.isTTY && process.stderr.isTTY;
  return asks ? { ...found, text: await askAll(found.text, output) } : found;
}

function elsewhere(folder: string): DisksealError {
  return new DisksealError('E_USAGE', 'a manifest is written beside what it is made from, because its paths start there', {
    hint: `leave the folder out, or name ${folder}`,
  });
}

async function readTemplate(): Promise<string> {
  const path = new URL('../../../templates/installer.yaml', import.meta.url);
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw readError('templates/installer.yaml', error);
  });
}

/** Where apps are put by those who build them, from the manifest's folder. */
const APP_FOLDERS = ['', 'build', 'dist', 'out', 'build/Release', 'dist/mac', 'dist/mac-universal'];

/** The proposed values are those of the first app that is found and can be read. */
async function withApp(template: string, folder: string): Promise<{ text: string; app?: string }> {
  for (const place of APP_FOLDERS) {
    const names = await readdir(join(folder, place)).catch(() => []);
    for (const name of names.filter((one) => one.endsWith('.app')).sort()) {
      const app = place === '' ? name : `${place}/${name}`;
      const info = await readAppInfo(join(folder, app)).catch(() => undefined);
      if (!info) continue;
      let text = withValue(template, 'name', plainName(info.name));
      if (info.version !== undefined) text = withValue(text, 'version', plainName(info.version));
      const id = productIdOf(info);
      if (id !== undefined) text = withValue(text, 'id', id);
      return {
        text: text.replace(/^( {2}- )src: .*$/m, (_line, dash: string) => `${dash}{ type: app, src: ${JSON.stringify(app)} }`),
        app,
      };
    }
  }
  return { text: template };
}

async function askAll(template: string, output: Output): Promise<string> {
  // Not in the terminal's raw mode: ctrl-C stays a signal, and lines may come faster than the questions.
  const reader = createInterface({ input: process.stdin, terminal: false });
  const lines = reader[Symbol.asyncIterator]();
  let text = template;
  try {
    for (const question of QUESTIONS) text = withValue(text, question.key, await ask(question, valueOf(text, question.key), lines, output));
  } finally {
    reader.close();
  }
  return text;
}

async function ask(
  { question, valid, rule }: (typeof QUESTIONS)[number],
  proposed: string,
  lines: AsyncIterator<string>,
  output: Output,
): Promise<string> {
  for (;;) {
    output.complain(`${question} [${printable(proposed)}]: `);
    const line = await lines.next();
    if (line.done) throw new DisksealError('E_USAGE', 'the answers ended too early', { hint: '--yes takes the proposed values' });
    const answer = line.value.trim() || proposed;
    if (valid.test(answer)) return answer;
    output.note(rule);
  }
}

function lineOf(key: string): RegExp {
  return new RegExp(`^(${key}:[ ]+)("[^"]*"|[^#\\n]*?)([ ]*(?:#.*)?)$`, 'm');
}

function valueOf(text: string, key: string): string {
  const found = lineOf(key).exec(text)?.[2];
  if (found === undefined) throw new DisksealError('E_INTERNAL', `internal error: the template has no ${key}`);
  return found.replace(/^"(.*)"$/, '$1');
}

/** Quoted where YAML would take the text for something else, such as the number 1.0. */
function withValue(text: string, key: string, value: string): string {
  const plain = /^[A-Za-z][\w .-]*$/.test(value) && !/^(?:true|false|yes|no|on|off|null)$/i.test(value);
  return text.replace(
    lineOf(key),
    (_line, before: string, _value: string, after: string) => before + (plain ? value.trimEnd() : JSON.stringify(value)) + after,
  );
}
