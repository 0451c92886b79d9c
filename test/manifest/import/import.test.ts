/**
 * Configurations of public projects, facts kept and text rewritten, as manifests: the same files at the same places. Which project each is
 * like stands beside it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { importManifest } from '../../../src/manifest/import/import.ts';
import { loadManifest } from '../../../src/manifest/manifest.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function imported(files: Record<string, string>) {
  const [name = ''] = Object.keys(files);
  const folder = await temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const found = await importManifest(join(folder, name));
  // What comes out is a manifest.
  await loadManifest({ text: found.text, folder: found.folder });
  return { ...found, values: parse(found.text) };
}

describe('appdmg', () => {
  // As in appdmg's own example.
  const spec = {
    title: 'Test Title',
    icon: 'TestIcon.icns',
    background: 'TestBkg.png',
    'icon-size': 80,
    window: { position: { x: 100, y: 120 }, size: { width: 640, height: 480 } },
    contents: [
      { x: 192, y: 344, type: 'file', path: 'TestApp.app' },
      { x: 448, y: 344, type: 'link', path: '/Applications' },
      { x: 512, y: 128, type: 'file', path: 'TestDoc.txt', name: 'Read me.txt' },
      { x: 900, y: 900, type: 'position', path: '.VolumeIcon.icns' },
    ],
  };
  test('a specification', async () => {
    const { values, text, builder } = await imported({ 'appdmg.json': JSON.stringify(spec) });
    expect(builder).toBe('appdmg');
    expect(values).toEqual({
      name: 'Test Title',
      version: '1.0.0',
      volume: { name: 'Test Title', icon: 'TestIcon.icns' },
      window: { position: { x: 100, y: 120 }, size: { width: 640, height: 480 }, iconSize: 80, background: 'TestBkg.png' },
      contents: [
        { src: 'TestApp.app', x: 192, y: 344 },
        { type: 'link', target: '/Applications', dst: 'Applications', x: 448, y: 344 },
        { src: 'TestDoc.txt', dst: 'Read me.txt', x: 512, y: 128 },
      ],
    });
    expect(text).toContain('# appdmg knows no version: say which one this is\nversion');
    expect(text).toContain('# the place of .VolumeIcon.icns');
  });
  test('a colour, another format, signing: said where they cannot be', async () => {
    const other = {
      title: 'T',
      'background-color': '#abcdef',
      format: 'ULFO',
      filesystem: 'APFS',
      'code-sign': { 'signing-identity': 'X' },
      contents: spec.contents,
    };
    const { values, remarks } = await imported({ 'x.json': JSON.stringify(other) });
    expect(values.window).toEqual({ iconSize: 80, backgroundColor: '#abcdef' });
    expect(remarks.join('\n')).toMatch(/format ULFO is not written yet[\s\S]*filesystem APFS is not written yet[\s\S]*"code-sign"/);
  });
});

describe('electron-builder', () => {
  test('a configuration in YAML, the version from package.json (as leegeunhyeok/pwa-box has it)', async () => {
    const { values, remarks } = await imported({
      'electron-builder.yml': `
appId: dev.Example.PWA
productName: PWA Box
directories: { output: dist_electron }
mac: { icon: build/icons/icon.icns }
dmg:
  artifactName: \${productName}-\${version}-\${arch}.\${ext}
  license: { en_US: legal/en.txt, ja_JP: legal/ja.rtf }
  window: { width: 540, height: 380 }
  contents:
    - { x: 410, y: 150, type: link, path: /Applications }
    - { x: 130, y: 150, type: file }
`,
      'package.json': '{"name":"pwa-box","version":"0.2.1"}',
    });
    expect(values).toEqual({
      name: 'PWA Box',
      version: '0.2.1',
      id: 'dev.example.pwa',
      output: 'dist_electron/${name}-${version}-${arch}.${ext}',
      volume: { name: '${name} ${version}', icon: 'build/icons/icon.icns' },
      window: { size: { width: 540, height: 380 }, iconSize: 80, textSize: 12 },
      contents: [
        { type: 'link', target: '/Applications', dst: 'Applications', x: 410, y: 150 },
        { src: 'dist_electron/mac/PWA Box.app', x: 130, y: 150 },
      ],
      license: { en_US: 'legal/en.txt', ja_JP: 'legal/ja.rtf' },
    });
    expect(remarks.join()).toContain('mac-arm64');
  });
  test('package.json with "build", and what stands there when nothing is said', async () => {
    const { values } = await imported({
      'package.json': '{"name":"thing","productName":"Thing","version":"3.0.0","build":{"appId":"com.example.thing"}}',
    });
    expect(values.contents).toEqual([
      { src: 'dist/mac/Thing.app', x: 130, y: 220 },
      { type: 'link', target: '/Applications', dst: 'Applications', x: 410, y: 220 },
    ]);
    expect(values.version).toBe('3.0.0');
  });
  test('a variable that is not known here is said', async () => {
    const { values, remarks } = await imported({
      'electron-builder.json':
        '{"appId":"a.b","productName":"P","dmg":{"title":"${productName} ${buildNumber}","window":{"position":{"x":1,"y":2},"size":{"width":300,"height":200}}}}',
    });
    expect(values.volume.name).toBe('${name} ');
    expect(values.window).toMatchObject({ position: { x: 1, y: 2 }, size: { width: 300, height: 200 } });
    expect(remarks.join()).toContain('${buildNumber}');
  });
});

describe('Tauri', () => {
  test('version 2 (as unisonweb/ucm-desktop has it)', async () => {
    const { values } = await imported({
      'tauri.conf.json': JSON.stringify({
        productName: 'UCM Desktop',
        version: '1.0.0',
        identifier: 'com.example.ucm-desktop',
        bundle: {
          active: true,
          icon: ['icons/32x32.png', 'icons/icon.icns', 'icons/icon.ico'],
          macOS: { dmg: { background: './images/dmg-background.png', windowSize: { width: 660, height: 400 } } },
        },
      }),
    });
    expect(values).toEqual({
      name: 'UCM Desktop',
      version: '1.0.0',
      id: 'com.example.ucm-desktop',
      volume: { name: '${name}', icon: 'icons/icon.icns' },
      window: { size: { width: 660, height: 400 }, background: './images/dmg-background.png' },
      contents: [
        { src: 'target/release/bundle/macos/UCM Desktop.app', x: 180, y: 170 },
        { type: 'link', target: '/Applications', dst: 'Applications', x: 480, y: 170 },
      ],
    });
  });
  test('version 1 (as meel-hd/limitss has it)', async () => {
    const { values } = await imported({
      'tauri.conf.json': JSON.stringify({
        package: { productName: 'Limitss', version: '1.0.0' },
        tauri: { bundle: { identifier: 'com.limitss.dev', icon: ['icons/icon.icns'], macOS: { signingIdentity: null } } },
      }),
    });
    expect(values).toMatchObject({ name: 'Limitss', id: 'com.limitss.dev', volume: { icon: 'icons/icon.icns' } });
  });
});

describe('dmgbuild', () => {
  test('settings of literals (as pangao1990/PPX has them)', async () => {
    const { values, remarks } = await imported({
      'dmg.py': `# made by a program
filename = 'PPX'
volume_name = 'PPX.dmg'
format = 'UDBZ'
files = ['build/PPX.app', r'package\\dmg\\home.webloc']
symlinks = {'Applications': '/Applications'}
icon_locations = {
    'PPX.app': (160, 120),
    'Applications': (430, 120),  # the link
    'home.webloc': (450, 243)
}
window_rect = ((200, 200), (590, 416))
icon_size = 60
text_size = 12
badge_icon = 'icon/logo.icns'
background = 'package/dmg/bg.png'
license = {'default-language': 'en_US', 'licenses': {'en_US': 'LICENSE.txt'}}
`,
    });
    expect(values).toEqual({
      name: 'PPX.dmg',
      version: '1.0.0',
      output: 'PPX',
      volume: { name: 'PPX.dmg', badgeIcon: 'icon/logo.icns' },
      window: {
        position: { x: 200, y: 200 },
        size: { width: 590, height: 416 },
        iconSize: 60,
        textSize: 12,
        background: 'package/dmg/bg.png',
      },
      contents: [
        { src: 'build/PPX.app', x: 160, y: 120 },
        { src: 'package\\dmg\\home.webloc', x: 450, y: 243 },
        { type: 'link', target: '/Applications', dst: 'Applications', x: 430, y: 120 },
      ],
      license: { en_US: 'LICENSE.txt' },
      licenseDefault: 'en_US',
    });
    expect(remarks.join()).toContain('format UDBZ');
  });
  test('what is computed is named, and nothing is executed (as PeaceFounder/AppBundler.jl has it)', async () => {
    const { values, remarks } = await imported({
      'settings.py': `import os
application = defines.get('app', 'MyApp.app')
appname = os.path.basename(application)
files = [ application ]
symlinks = { 'Applications': '/Applications' }
icon_locations = {
    appname: (161, 150),
    'Applications': (432, 150)
}
window_rect = ((200, 120), (600, 360))
show_sidebar = True
label_pos = 'bottom' # or 'right'
icon_size = 180
`,
    });
    expect(values.contents).toEqual([{ type: 'link', target: '/Applications', dst: 'Applications' }]);
    expect(values.window).toMatchObject({ size: { width: 600, height: 360 }, iconSize: 180, showSidebar: true });
    for (const name of ['application', 'files', 'icon_locations']) expect(remarks.join('\n')).toContain(`"${name}" is computed`);
  });
});

describe('create-dmg', () => {
  test('a build script (as MathNodes/meile-gui has it)', async () => {
    const { values, remarks } = await imported({
      'create-dmg.sh': `#!/bin/bash

create-dmg \\
  --volname "Meile" \\
  --volicon "icon.icns" \\
  --background "meile.app.png" \\
  --window-pos 200 120 \\
  --window-size 800 428 \\
  --icon-size 100 \\
  --icon "dist/Meile/Meile.app" 200 190 \\
  --app-drop-link 600 185 \\
  "Meile-v1.5.0.dmg" \\
  "dist/Meile/"
`,
    });
    expect(values).toEqual({
      name: 'Meile',
      version: '1.0.0',
      output: 'Meile-v1.5.0.dmg',
      volume: { name: 'Meile', icon: 'icon.icns' },
      window: { size: { width: 800, height: 400 }, iconSize: 100, background: 'meile.app.png' },
      contents: [
        { src: 'dist/Meile/Meile.app', x: 200, y: 190 },
        { type: 'link', target: '/Applications', dst: 'Applications', x: 600, y: 185 },
        { src: 'dist/Meile', dst: '.', exclude: ['Meile.app'] },
      ],
    });
    expect(remarks.join('\n')).toContain('--window-pos');
  });
  test('a command line as it is, an app as the source, a variable', async () => {
    const { text, remarks, folder } = await importManifest(
      `create-dmg --volname 'A "b"' --app-drop-link 4 5 --codesign "$ID" out.dmg "My App.app/"`,
    );
    expect(folder).toBe('.');
    expect(parse(text)).toMatchObject({
      volume: { name: 'A "b"' },
      contents: [{ src: 'My App.app' }, { type: 'link', x: 4, y: 5 }],
    });
    expect(remarks.join('\n')).toMatch(/\$ID[\s\S]*--codesign|--codesign[\s\S]*\$ID/);
  });
  test('an option that it does not have', async () => {
    await expect(importManifest('create-dmg --sparkle 1 a.dmg b')).rejects.toMatchObject({ code: 'E_MANIFEST' });
  });
});

describe('what is none of them', () => {
  test.each([
    ['x.json', '{"a":1}'],
    ['x.yml', 'a: b'],
    ['x.py', 'print(1)'],
    ['x.json', '[[[['],
    ['package.json', '{"name":"x"}'],
    ['x.sh', 'echo create-dmg'],
  ])('%s: %s', async (name, text) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, name), text);
    await expect(importManifest(join(folder, name))).rejects.toMatchObject({ code: 'E_MANIFEST' });
  });
  test('a file that is not there', async () => {
    await expect(importManifest('/nowhere/appdmg.json')).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  });
});
