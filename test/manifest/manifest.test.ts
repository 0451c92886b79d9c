import { describe, expect, it } from 'vitest';
import { jsonSchema } from '../../src/manifest/schema.ts';
import { failure, faultsOf, HEAD, load } from './tree-of.ts';

const ITEM = 'contents: [{ src: a }]\n';

describe('a manifest', () => {
  it('has defaults for all but name, version and contents', async () => {
    const manifest = await load(HEAD + ITEM, '/p');
    expect(manifest).toMatchObject({
      name: 'Hello',
      version: '1.0',
      platform: 'any',
      arch: 'universal',
      channel: 'stable',
      mtime: undefined,
      mtimeFrom: 'sources',
      volume: { name: 'Hello 1.0', filesystem: 'HFS+' },
      dmg: { format: 'UDZO', compression: { level: 6 } },
      outputs: [{ target: 'dmg', path: '/p/Hello-1.0.dmg' }],
    });
  });

  it('keeps the text of what YAML takes for a number', async () => {
    const manifest = await load('name: 007\nversion: 1.10\ncontents: [{ src: 1e3, mode: 0644 }, { src: b, mode: "0o755" }]\n');
    expect(manifest).toMatchObject({ name: '007', version: '1.10', contents: [{ src: '1e3', mode: 0o644 }, { mode: 0o755 }] });
  });

  it('takes keys in kebab and snake case, and leaves the keys of maps alone', async () => {
    const text = `${HEAD}host_attributes: true\ncontents:\n  - { src: a, xattrs: { my_attr-name: x } }\n`;
    expect(await load(text)).toMatchObject({ hostAttributes: true, contents: [{ xattrs: { 'my_attr-name': 'x' } }] });
  });

  it('refuses a key in two spellings', async () => {
    expect(await faultsOf(load(`${HEAD}${ITEM}hostAttributes: true\nhost-attributes: true\n`))).toEqual([
      '5:1 "hostAttributes" is given twice, as "host-attributes" and in another spelling',
    ]);
  });

  it('reports every mistake in one run, each in its place', async () => {
    const text = [
      'nam: Hello',
      'version: [1]',
      'targets: [dmg, vhd]',
      'contents:',
      '  - { src: a, mod: "0644" }',
      '  - { src: b, mode: "9" }',
      'dmg: { compression: { level: 12 } }',
    ].join('\n');
    expect(await faultsOf(load(text))).toEqual([
      '1:1 unknown key "nam"',
      '2:10 "version" must be a text, not a list',
      '3:16 a target is dmg, iso, raw or bin',
      '5:15 unknown key "mod"',
      '6:21 a mode is three or four octal digits, as in "0644"',
      '7:30 "level" must be at most 9',
    ]);
  });

  it('shows the line with a caret, and a hint', async () => {
    const error = await failure(load(`${HEAD}contens:\n  - { src: a }\n`));
    expect(error).toMatchObject({ code: 'E_MANIFEST', exitCode: 2, line: 3, column: 1, hint: 'did you mean "contents"?' });
    expect(error.excerpt).toBe('3 | contens:\n  | ^^^^^^^');
  });

  it('shows a window of a long line and nothing that moves the cursor', async () => {
    const error = await failure(load(`${HEAD}contents: [{ src: "${'a'.repeat(300)}\u001b[2J\u202e", bad: 1 }]\n`));
    expect(error.column).toBeGreaterThan(300);
    const [line, carets] = error.excerpt!.split('\n');
    expect(line.length).toBeLessThan(120);
    expect(line.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).toBe('bad');
    expect(error.excerpt).not.toMatch(/[\u001b\u202e]/);
  });

  it.each([
    ['title: X', 'the volume’s name is `volume: { name: … }`'],
    ['background: x.png', 'it belongs under `window:`'],
    ['artifactName: X', 'it is called `output`'],
    ['Version: 2', 'did you mean "version"?'],
    ['contnets: []', 'did you mean "contents"?'],
  ])('knows what %s means', async (line, hint) => {
    expect((await failure(load(`${HEAD}${ITEM}${line}\n`))).hint).toBe(hint);
  });

  it.each([
    ['contents: &x [*x]', 'an alias contains itself'],
    ['name: !foo bar', 'unresolved tag: !foo'],
    ['name: a\nname: b', 'map keys must be unique'],
    ['contents: *nothing', 'an alias without its anchor'],
    ['---\na: 1\n---\nb: 2', 'source contains multiple documents; please use YAML.parseAllDocuments()'],
    ['name: "open', 'missing closing "quote'],
    ['__proto__: { x: 1 }', 'this key is not allowed'],
    ['? [a]\n: 1', 'a key must be a plain text'],
    ['- a', 'a manifest is a list of "key: value" lines'],
    ['', '"name" is missing'],
  ])('refuses %j', async (text, message) => {
    const error = await failure(load(text));
    expect([error, ...error.others].map((one) => one.message)).toContain(message);
    expect(error.code).toBe('E_MANIFEST');
  });

  it('refuses aliases that multiply, at once', async () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 12; level++)
      lines.push(
        `a${level}: &a${level} [${Array(10)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
      );
    const started = Date.now();
    const text = `${HEAD}contents: [{ src: a, exclude: *a11 }]\n`;
    expect(await faultsOf(load(`${lines.join('\n')}\n${text}`))).toContainEqual(expect.stringContaining('aliases repeat too much'));
    expect(Date.now() - started).toBeLessThan(2000);
  });

  it('uses an alias as what it stands for', async () => {
    const text = `${HEAD}contents:\n  - { src: a, xattrs: &x { k: v } }\n  - { src: b, xattrs: *x }\n`;
    expect((await load(text)).contents.map(({ xattrs }) => xattrs)).toEqual([{ k: 'v' }, { k: 'v' }]);
  });

  it('knows an anchor by the last node that had it before, and looks it up at once', async () => {
    const items = Array.from({ length: 3000 }, () => '  - { src: a, xattrs: *x }\n').join('');
    const text = `${HEAD}contents:\n  - { src: a, xattrs: &x { k: old } }\n  - { src: b, xattrs: &x { k: v } }\n${items}`;
    const started = Date.now();
    expect((await load(text)).contents.slice(2).every(({ xattrs }) => xattrs?.['k'] === 'v')).toBe(true);
    expect(Date.now() - started).toBeLessThan(3000);
    expect((await failure(load(`${HEAD}contents: [{ src: a, xattrs: *x }, { src: a, xattrs: &x { k: v } }]\n`))).message).toBe(
      'an alias without its anchor',
    );
  });

  it.each([20_000, 200])('refuses nesting %i deep without exhausting the stack', async (depth) => {
    expect((await failure(load(`a: ${'['.repeat(depth)}${']'.repeat(depth)}`))).code).toBe('E_MANIFEST');
  });

  it('needs an id to sign, and one key for a passphrase', async () => {
    const text = `${HEAD}${ITEM}sign: { key: k.pem, passphraseEnv: A, passphraseFile: b }\n`;
    expect(await faultsOf(load(text, '/p', { allowedEnvironment: ['A'] }))).toEqual([
      '1:1 a signed image needs an "id", as in com.example.hello',
      '4:55 the passphrase comes from a variable or from a file, not both',
    ]);
  });

  it('takes the next keys as files beside the manifest, or by fingerprint', async () => {
    const sealed = (keys: string) => load(`${HEAD}${ITEM}id: a.b\nsign: { key: k.pem${keys} }\n`);
    const spki = `spki:${'a'.repeat(64)}`;
    expect((await sealed('')).sign?.nextKeys).toEqual([]);
    const [file, fingerprint] = (await sealed(`, nextKeys: [next.pem, "${spki}"]`)).sign?.nextKeys ?? [];
    expect(file).toMatch(/\/next\.pem$/);
    expect(fingerprint).toBe(spki);
    expect((await failure(sealed(', nextKeys: []'))).code).toBe('E_MANIFEST');
  });
  it('takes one timestamp authority or several, by URL', async () => {
    const sealed = (timestamp: string) => load(`${HEAD}${ITEM}id: a.b\nsign: { key: k.pem${timestamp} }\n`);
    expect((await sealed('')).sign?.timestamp).toEqual([]);
    expect((await sealed(', timestamp: http://a.example')).sign?.timestamp).toEqual(['http://a.example']);
    expect((await sealed(', timestamp: [https://a.example/tsa, http://b.example]')).sign?.timestamp).toHaveLength(2);
    for (const wrong of ['a.example', 'ftp://a.example', '[http://a.example, "x y"]', '[]', '5']) {
      expect((await failure(sealed(`, timestamp: ${wrong}`))).code).toBe('E_MANIFEST');
    }
  });

  it.each(['Com.Example', 'com example', 'a/b', ''])('refuses the id %j', async (id) => {
    expect((await failure(load(`${HEAD}${ITEM}id: "${id}"\n`))).message).toContain('an id is 1 to 255');
  });

  it.each(['a/b', 'a:b', 'a\\u0000b', 'a\\u202eb', ''])('refuses the volume name %j', async (name) => {
    expect((await failure(load(`${HEAD}${ITEM}volume: { name: "${name}" }\n`))).column).toBe(17);
  });

  it('is a fault where an item lacks what its type needs', async () => {
    const text = `${HEAD}contents:\n  - { type: link, dst: a }\n  - { type: link, target: b }\n  - { dst: c }\n  - { src: a, target: b }\n  - { type: dir }\n`;
    expect(await faultsOf(load(text))).toEqual([
      '4:5 a link needs "target": where it points',
      '5:5 a link needs "dst": its own path in the volume',
      '6:5 an item needs "src", or type: dir, or type: link',
      '7:23 only an item of type link has a "target"',
      '8:5 an empty folder needs "dst"',
    ]);
  });
});

describe('times', () => {
  it.each([
    ['2026-01-01T00:00:00Z', 1767225600],
    ['2026-01-01', 1767225600],
    ['2026-01-01T01:30:00+01:30', 1767225600],
    ['"1767225600"', 1767225600],
    ['1767225600', 1767225600],
  ])('reads %s', async (text, mtime) => {
    expect(await load(`${HEAD}${ITEM}mtime: ${text}\n`)).toMatchObject({ mtime, mtimeFrom: 'manifest' });
  });

  it.each(['2026-02-30', '2026-01-01T00:00:00', '2026-13-01', 'yesterday', '2026-01-01T25:00:00Z', '2026-01-01T00:61:00Z'])(
    'refuses %s',
    async (text) => {
      expect(await faultsOf(load(`${HEAD}${ITEM}mtime: ${text}\n`))).toEqual([`4:8 "${text}" is not a time`]);
    },
  );

  it('lets SOURCE_DATE_EPOCH win', async () => {
    const text = `${HEAD}${ITEM}mtime: 2026-01-01\n`;
    expect(await load(text, '/p', { environment: { SOURCE_DATE_EPOCH: '86400' } })).toMatchObject({
      mtime: 86400,
      mtimeFrom: 'SOURCE_DATE_EPOCH',
    });
    expect((await failure(load(text, '/p', { environment: { SOURCE_DATE_EPOCH: '1e9' } }))).code).toBe('E_USAGE');
  });
});

describe('variables', () => {
  const environment = { TAG: '3.1', SECRET: 's' };

  it('several targets go to files of their own, each with its extension', async () => {
    const text = 'name: Hello\nversion: 1\ntargets: [dmg, iso, raw, bin]\noutput: "${name}.${ext}"\ncontents: [{ src: a }]\n';
    const { outputs } = await load(text);
    expect(outputs.map(({ path }) => path)).toEqual([
      '/nowhere/Hello.dmg',
      '/nowhere/Hello.iso',
      '/nowhere/Hello.img',
      '/nowhere/Hello.bin',
    ]);
    expect(await faultsOf(load(text.replace('.${ext}', '.image')))).toEqual(['4:9 several targets would be written to one file']);
    expect(await faultsOf(load(text.replace('raw, bin', 'iso')))).toEqual(['3:10 a target is listed twice']);
  });
  it('are expanded in texts, and a doubled dollar is one', async () => {
    const text =
      'name: Hello\nversion: ${env.TAG}\narch: arm64\noutput: out/${name}_${version}_${arch}.${ext}\ncontents: [{ src: "$${name}/${arch}" }]\n';
    const manifest = await load(text, '/p', { environment, allowedEnvironment: ['TAG'] });
    expect(manifest).toMatchObject({
      version: '3.1',
      outputs: [{ path: '/p/out/Hello_3.1_arm64.dmg' }],
      contents: [{ src: '${name}/arm64' }],
    });
  });

  it.each([
    ['volume: { name: "${env.SECRET}" }', '4:17 the environment variable SECRET is not allowed here'],
    ['volume: { name: "${env.NONE}" }', '4:17 the environment variable NONE is not set'],
    ['volume: { name: "${nam}" }', '4:17 unknown variable ${nam}'],
    ['volume: { name: "${name" }', '4:17 a "${" without its "}"'],
    ['volume: { name: "${ext}" }', '4:17 ${ext} is known in "output" only'],
    ['channel: "${name}"', '4:10 ${name} cannot be used in "channel"'],
    ['id: a.b\nsign: { key: "${env.TAG}" }', '5:14 the environment is never used in "sign"'],
    // Rule 23: a URL could carry a secret away.
    ['id: a.b\nsign: { key: k, timestamp: "http://a.example/${env.TAG}" }', '5:28 the environment is never used in "sign"'],
    ['id: a.b\nsign: { key: k, passphraseEnv: SECRET }', '5:32 the environment variable SECRET is not allowed here'],
  ])('rule 23: refuse %s', async (line, fault) => {
    const faults = await faultsOf(load(`${HEAD}${ITEM}${line}\n`, '/p', { environment, allowedEnvironment: ['TAG', 'NONE'] }));
    expect(faults).toContain(fault);
  });
});

describe('--set', () => {
  const set = (...settings: string[]) => load(`${HEAD}${ITEM}`, '/p', { set: settings });

  it('replaces values of any kind, before variables are expanded', async () => {
    const manifest = await set(
      'version=2.10',
      'dmg.compression.level=9',
      'volume.name=${name}=x',
      'contents.1={ src: b }',
      'contents.0.dst=Docs/',
      'build=7',
      'host-attributes=true',
    );
    expect(manifest).toMatchObject({
      version: '2.10',
      build: 7,
      hostAttributes: true,
      dmg: { compression: { level: 9 } },
      volume: { name: 'Hello=x' },
      contents: [{ src: 'a', dst: 'Docs/' }, { src: 'b' }],
    });
  });

  it.each([
    ['nothing', '--set nothing: expected key=value'],
    ['volume.nam=x', '--set volume.nam=x: there is no key "nam"'],
    ['contents.5.src=x', '--set contents.5.src=x: there is no item 5'],
    ['name.x=1', '--set name.x=1: there is no key "x"'],
    ['__proto__.x=1', '--set __proto__.x=1: there is no key "__proto__"'],
    ['build=[', '--set build=[: flow sequence must end with a ]'],
  ])('refuses %s', async (setting, message) => {
    const error = await failure(set(setting));
    expect([error, ...error.others].map((one) => one.message)).toContain(message);
    expect([error, ...error.others].map((one) => one.code)).toContain('E_USAGE');
  });
});

describe('the JSON Schema', () => {
  it('is draft 2020-12 of the same schema, closed and documented', () => {
    const schema = jsonSchema() as {
      $schema: string;
      required: string[];
      additionalProperties: boolean;
      properties: Record<string, { description?: string }>;
    };
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(schema.additionalProperties).toBe(false);
    expect(schema.required).toEqual(['name', 'version', 'contents']);
    const undocumented = Object.entries(schema.properties).filter(
      ([key, { description }]) => !description && !['volume', 'dmg'].includes(key),
    );
    expect(undocumented).toEqual([]);
  });
});
