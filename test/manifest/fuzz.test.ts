import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DisksealError } from '../../src/core/errors.ts';
import { load } from './tree-of.ts';

const WHOLE = `name: Hello
version: 2.1.0
id: com.example.hello
mtime: 2026-01-01T00:00:00Z
output: dist/\${name}-\${version}.\${ext}
volume: { name: "\${name} \${version}", filesystem: HFS+ }
dmg: { compression: { level: 6 } }
contents:
  - &a { src: build/Hello.app, xattrs: { k: { hex: 00ff } }, finder: { flags: [invisible] } }
  - { type: link, target: /Applications, dst: Applications }
  - { src: "docs/**/*.md", dst: Docs/, exclude: ["**/draft*"], mode: "0644" }
sign: { key: k.pem, certificates: c.pem }
`;

async function onlyOurErrors(text: string): Promise<void> {
  const error = await load(text).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) return;
  expect(error).toBeInstanceOf(DisksealError);
  expect((error as DisksealError).code).toBe('E_MANIFEST');
}

describe('a manifest that is anything', () => {
  it('is read, or refused with E_MANIFEST: damaged texts', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '&a',
        '*a',
        '? ',
        '- ',
        ': ',
        '!!map',
        '!x',
        '{',
        '}',
        '[',
        ']',
        '"',
        "'",
        '|\n',
        '${',
        '}',
        '\t',
        '\n',
        '#',
        '---\n',
        '%YAML 1.1\n',
        'null',
        '~',
        '\0',
        '\ufeff',
        '<<: ',
      ),
      fc.string({ maxLength: 4, unit: 'binary' }),
    );
    const edit = fc.tuple(fc.nat(WHOLE.length), fc.nat(12), piece);
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        await onlyOurErrors(edits.reduce((text, [at, length, by]) => text.slice(0, at) + by + text.slice(at + length), WHOLE));
      }),
      { numRuns: 2000 },
    );
  });

  it('is read, or refused with E_MANIFEST: values of any kind in any place', async () => {
    const keys = [
      'name',
      'version',
      'id',
      'contents',
      'volume',
      'dmg',
      'sign',
      'targets',
      'mtime',
      'src',
      'dst',
      'type',
      'xattrs',
      'finder',
      'exclude',
      'level',
      'key',
    ];
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue({ maxDepth: 1 }),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...keys), tie('tree'), { maxKeys: 6 }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(tree, async (value) => onlyOurErrors(JSON.stringify(value))),
      { numRuns: 2000 },
    );
  });
});
