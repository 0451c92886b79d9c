/** An app bundle made for a test: Info.plist, a program of headers only, an icon's name. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeBinaryPlist } from '../../src/formats/plist/binary-plist.ts';
import type { PlistValue } from '../../src/formats/plist/value.ts';
import { writeXmlPlist } from '../../src/formats/plist/write-xml.ts';
import { machO, universal } from './mach-o.ts';

export interface MadeApp {
  /** Keys that replace or, when undefined, remove those of the usual list. */
  readonly info?: Readonly<Record<string, PlistValue | undefined>>;
  readonly program?: Uint8Array | undefined;
  readonly mode?: number;
  readonly binary?: boolean;
  readonly signed?: boolean;
}

export const TWO_PROCESSORS = universal([machO({ cpu: [0x0100_0007, 3], minimum: '10.13', old: true }), machO()]);

export function makeApp(
  path: string,
  { info = {}, program = TWO_PROCESSORS, mode = 0o755, binary = false, signed = false }: MadeApp = {},
): void {
  const keys: Record<string, PlistValue | undefined> = {
    CFBundleExecutable: 'hello',
    CFBundleIdentifier: 'com.example.Hello',
    CFBundleName: 'Hello',
    CFBundlePackageType: 'APPL',
    CFBundleShortVersionString: '2.1.0',
    CFBundleVersion: '210',
    LSMinimumSystemVersion: '10.13',
    ...info,
  };
  const list = new Map(Object.entries(keys).filter((entry): entry is [string, PlistValue] => entry[1] !== undefined));
  mkdirSync(join(path, 'Contents/MacOS'), { recursive: true });
  writeFileSync(join(path, 'Contents/Info.plist'), binary ? writeBinaryPlist(list) : writeXmlPlist(list));
  writeFileSync(join(path, 'Contents/PkgInfo'), 'APPL????');
  writeFileSync(join(path, 'Contents/MacOS/hello'), program);
  chmodSync(join(path, 'Contents/MacOS/hello'), mode);
  if (!signed) return;
  mkdirSync(join(path, 'Contents/_CodeSignature'));
  writeFileSync(join(path, 'Contents/_CodeSignature/CodeResources'), writeXmlPlist(new Map()));
}
