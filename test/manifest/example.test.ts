import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { walk } from '../../src/core/file-tree.ts';
import { loadManifest } from '../../src/manifest/manifest.ts';
import { treeOf } from '../../src/manifest/tree.ts';
import { folderOf } from '../support/temporary-folder.ts';
import { host } from './tree-of.ts';

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

describe('examples/hello', () => {
  it('is the tree that its manifest says', async () => {
    const manifest = await loadManifest(file('examples/hello/installer.yaml'));
    expect(manifest.outputs).toEqual([{ target: 'dmg', path: file('examples/hello/dist/Hello-2.1.0.dmg') }]);
    expect(manifest.sign).toMatchObject({
      key: file('keys.example/publisher.key.pem'),
      certificates: file('keys.example/publisher.chain.pem'),
    });
    const tree = await treeOf(manifest, host);
    expect(tree.root).toMatchObject({ name: 'Hello 2.1.0', times: { modified: 1767225600 } });
    const found = new Map<string, string>();
    for await (const { path, entry } of walk(tree.root)) found.set(path, `${entry.type} ${entry.mode.toString(8)}`);
    expect(found.get('Hello.app/Contents/MacOS/hello')).toBe('file 755');
    expect(found.get('Applications')).toBe('symlink 755');
    expect([...found.keys()].filter((path) => path.startsWith('Docs'))).toEqual(['Docs', 'Docs/changes.md', 'Docs/read-me.md']);
  });
});

describe('templates/installer.yaml', () => {
  it('builds as it is, and with its comments taken off', async () => {
    const template = await readFile(file('templates/installer.yaml'), 'utf8');
    const folder = await folderOf({ 'build/My App.app/Contents/Info.plist': 'x', 'docs/a.md': 'a' });
    const plain = await loadManifest({ text: template, folder });
    expect(plain.sign).toBeUndefined();
    expect((await treeOf(plain, host)).root.name).toBe('My App 1.0.0');
    // A comment that is a key or a list item, not one that is a sentence.
    const full = template.replaceAll(/^( *)# (?=- |sign:| {2}key:| {2}certificates:)/gm, '$1');
    const manifest = await loadManifest({ text: full, folder });
    expect(manifest.sign?.key).toBe(`${folder}/keys/publisher.key.pem`);
    expect((await treeOf(manifest, host)).root.name).toBe('My App 1.0.0');
    expect(manifest.contents).toHaveLength(3);
  });
});
