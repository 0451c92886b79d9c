import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { createOutput } from '../../src/cli/terminal/output.ts';
import { createProgress } from '../../src/cli/terminal/progress.ts';

function heard(
  terminal: boolean,
  options: { quiet?: boolean } = {},
): { said: () => string; at: (time: number) => void; progress: ReturnType<typeof createProgress> } {
  let text = '';
  let time = 0;
  const stderr = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  if (terminal) Object.assign(stderr, { isTTY: true });
  const output = createOutput(options, new Writable({ write: (_chunk, _encoding, done) => done() }), stderr);
  return { said: () => text, at: (now) => (time = now), progress: createProgress(output, 'building x', () => time) };
}

it('draws one line on a terminal, at most ten times a second, and takes it away', () => {
  const { said, at, progress } = heard(true);
  progress.update(1, 100);
  expect(said()).toBe('');
  for (let time = 0; time <= 1000; time += 10) {
    at(time);
    progress.update(time, 1000);
  }
  progress.finish();
  expect(said().split('\r').length - 1).toBeLessThanOrEqual(12);
  expect(said()).toContain('100 %');
  expect(said()).not.toContain('\n');
  expect(said().endsWith('\r\u001b[K')).toBe(true);
});

it('says a plain line every few seconds elsewhere, without control characters', () => {
  const { said, at, progress } = heard(false);
  for (let time = 0; time <= 20_000; time += 100) {
    at(time);
    progress.update(time, 20_000, 'a\u001b[2J');
  }
  progress.finish();
  expect(said().trim().split('\n')).toHaveLength(4);
  expect(said()).toMatch(/^building x: 25 %: a\\u\{1b\}\[2J$/m);
});

it('says nothing with --quiet', () => {
  const { said, at, progress } = heard(true, { quiet: true });
  at(60_000);
  progress.update(1, 2);
  expect(said()).toBe('');
});
