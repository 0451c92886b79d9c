/**
 * What a manifest may say: one schema that is the source of the types, of the JSON Schema that `diskseal schema`
 * prints, and of the reference page. Names are those that users of electron-builder, appdmg and nfpm know.
 * Left out until the issue that needs it: licence.
 */
import { z } from 'zod';
import { place, window } from './window-schema.ts';

/** Product ids stand in file names, policies and pins (seal-rules 17). */
const PRODUCT_ID = /^[a-z0-9.-]{1,255}$/;
const TOKEN = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const MODE = /^(?:0o?)?[0-7]{3,4}$/;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
// Control characters, direction marks and noncharacters: text that could look like another text (seal-rules 1).
const UNFIT = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

const HEX = /^(?:[0-9a-fA-F]{2})*$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const shownText = (what: string) =>
  z
    .string()
    .min(1, `${what} is empty`)
    .max(255, `${what} has more than 255 characters`)
    .refine((text) => !UNFIT.test(text), `${what} has a control character or a direction mark`);

const token = (what: string) =>
  z.string().regex(TOKEN, `${what} is 1 to 64 of the characters a-z 0-9 . _ - and begins with a letter or digit`);

const path = (what: string) =>
  z
    .string()
    .min(1, `${what} is empty`)
    .refine((text) => !text.includes('\0'), `${what} holds a NUL character`);

const id = (limit: number) => z.int().min(0).max(limit);

const mode = z
  .string()
  .regex(MODE, 'a mode is three or four octal digits, as in "0644"')
  .describe(
    'Permissions in octal. In a folder that is taken with all it holds they are those of its files; a folder gets execute where it has read. Default: 0755 or 0644 by the execute bit.',
  );

const moment = z
  .union([z.string(), z.int()], { error: 'a time is an ISO 8601 date such as 2026-01-01T00:00:00Z, or Unix seconds' })
  .describe('A time as ISO 8601 (with Z or an offset; a bare date is midnight UTC) or in Unix seconds.');

const xattrValue = z
  .union(
    [
      z.string(),
      z.strictObject({ hex: z.string().regex(HEX, 'not an even number of hexadecimal digits') }),
      z.strictObject({ base64: z.string().regex(BASE64, 'not base64') }),
      z.strictObject({ file: path('file') }),
    ],
    { error: 'an attribute is a text, or one of {hex: …}, {base64: …}, {file: …}' },
  )
  .describe('A text (stored as UTF-8), or {hex: …}, {base64: …}, {file: path}.');

export const FINDER_FLAG_NAMES = [
  'onDesk',
  'hideExtension',
  'shared',
  'noInits',
  'inited',
  'customIcon',
  'stationery',
  'nameLocked',
  'hasBundle',
  'invisible',
  'alias',
] as const;

const finder = z
  .strictObject({
    type: z.string().length(4, 'a type has four characters').optional().describe('Four-character file type; files only.'),
    creator: z.string().length(4, 'a creator has four characters').optional().describe('Four-character creator; files only.'),
    flags: z.array(z.enum(FINDER_FLAG_NAMES)).optional().describe('Finder flags that are set.'),
    label: z.int().min(0).max(7).optional().describe('Colour label, 0 (none) to 7.'),
  })
  .describe(
    'What the Finder remembers about the entry. Never put it on or in a signed bundle: strict checks of Apple signatures refuse that.',
  );

/** ECMA-119 7.4: what a descriptor's text fields hold is ASCII. */
const isoText = (limit: number) =>
  z
    .string()
    .max(limit, `it holds ${limit} characters`)
    .regex(/^[ -~]*$/, 'a volume descriptor holds printable ASCII only')
    .optional()
    .describe(`A text in the volume descriptor, ${limit} characters of ASCII at most.`);
const isoFile = (what: string) => path('the file').optional().describe(`Name of a file at the top of the volume: the ${what}.`);

/** Settings without a default that a UDF volume has no place for. */
const OF_ISO9660_ALONE = 'system volumeSet publisher preparer application copyrightFile abstractFile bibliographicFile boot'.split(' ');

const item = z
  .strictObject({
    src: path('src')
      .optional()
      .describe('A file, a folder with all it holds, or a glob (* ** ? [] {}), relative to the manifest. Symbolic links stay links.'),
    dst: path('dst')
      .optional()
      .describe(
        'Path in the volume. Ending in "/" it is a folder to put things into; otherwise it is the entry itself. For a glob it is always a folder, below which paths are those after the fixed part of the glob. "." is the volume itself. Default: the base name of src.',
      ),
    type: z
      .enum(['file', 'dir', 'link', 'app'])
      .optional()
      .describe(
        'link makes a symbolic link; dir without src makes an empty folder; app is a bundle for the Mac that is checked: Info.plist, executable, architectures, least system; otherwise what src is, and a mismatch is an error.',
      ),
    target: path('target').optional().describe('Where a link points: any text, it is not followed.'),
    exclude: z
      .array(path('exclude'))
      .optional()
      .describe('Globs of what to leave out, relative to the folder that src is, or to the fixed part of the glob.'),
    mode: mode.optional(),
    uid: id(0xffff_fffe).optional().describe('Owner number. Default: 0.'),
    gid: id(0xffff_fffe).optional().describe('Group number. Default: 0.'),
    mtime: moment.optional(),
    xattrs: z.record(z.string(), xattrValue).optional().describe('Extended attributes of the entry itself (not of what a folder holds).'),
    finder: finder.optional(),
    ...place,
  })
  .superRefine((value, context) => {
    const fault = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if (value.x === undefined && value.y !== undefined) fault('y', 'a place needs both "x" and "y"');
    if (value.x !== undefined && value.y === undefined) fault('x', 'a place needs both "x" and "y"');
    if (value.type === 'link') {
      if (value.target === undefined) fault('target', 'a link needs "target": where it points');
      if (value.dst === undefined) fault('dst', 'a link needs "dst": its own path in the volume');
      if (value.src !== undefined) fault('src', 'a link has no "src"; where it points is "target"');
      if (value.exclude !== undefined) fault('exclude', 'a link holds nothing that could be left out');
      if (value.hideExtension) fault('hideExtension', 'a link has no extension that the Finder hides');
    } else {
      if (value.target !== undefined) fault('target', 'only an item of type link has a "target"');
      if (value.src === undefined && value.type !== 'dir') fault('src', 'an item needs "src", or type: dir, or type: link');
      if (value.src === undefined && value.dst === undefined && value.type === 'dir') fault('dst', 'an empty folder needs "dst"');
    }
  });

const authorityUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'a timestamp authority is a URL of http: or https:');

const sign = z
  .strictObject({
    key: path('key').describe('The private key: PEM, or PKCS#12 (.p12, .pfx).'),
    certificates: path('certificates')
      .optional()
      .describe('PEM or DER certificates: the signer’s own and its issuers, in any order. A PKCS#12 file brings its own.'),
    passphraseEnv: z
      .string()
      .regex(VARIABLE_NAME, 'not the name of an environment variable')
      .optional()
      .describe('Environment variable that holds the passphrase; it must be allowed with --env.'),
    passphraseFile: path('passphraseFile').optional().describe('File that holds the passphrase and that nobody else can read.'),
    timestamp: z
      .union([authorityUrl, z.array(authorityUrl).min(1, 'a list of timestamp authorities names at least one')])
      .optional()
      .describe(
        'URL of an RFC 3161 timestamp authority, or several that are tried in order. With a timestamp the image can be verified after the certificate has expired; when none can be had, the build fails.',
      ),
    nextKeys: z
      .array(path('nextKeys'))
      .min(1, 'a list of keys names at least one')
      .max(16, 'at most 16 keys')
      .optional()
      .describe(
        'Keys that may sign the next versions: files with a certificate or public key, or spki: and the SHA-256 of one in hexadecimal. Who verified this image trusts them for this product.',
      ),
    revocation: z
      .boolean()
      .default(false)
      .describe(
        'Ask the authorities that the certificates name whether these are good (OCSP, else a revocation list), and embed the answers. When none can be had, the build fails.',
      ),
  })
  .superRefine((value, context) => {
    if (value.passphraseEnv !== undefined && value.passphraseFile !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['passphraseFile'],
        message: 'the passphrase comes from a variable or from a file, not both',
      });
    }
  });

export const ManifestSchema = z
  .strictObject({
    name: shownText('the name')
      .refine((text) => !/[/:]/.test(text), 'a name cannot hold "/" or ":"')
      .describe('The product’s name, for people. ${name} elsewhere.'),
    version: shownText('the version').describe('The product’s version, as text. ${version} elsewhere.'),
    id: z
      .string()
      .regex(PRODUCT_ID, 'an id is 1 to 255 of the characters a-z 0-9 . - as in com.example.hello')
      .optional()
      .describe('Product id in reverse DNS, lower case. Required to sign.'),
    build: z.int().min(0).optional().describe('A counter that orders versions before any reading of the version’s text.'),
    platform: token('platform').default('any').describe('What the software runs on.'),
    arch: token('arch').default('universal').describe('Architecture. ${arch} elsewhere.'),
    channel: token('channel').default('stable').describe('Release channel.'),
    mtime: moment
      .optional()
      .describe('Sets every time in the image; SOURCE_DATE_EPOCH wins over it. Without either, times are those of the sources.'),
    output: path('output').default('${name}-${version}.${ext}').describe('The image, relative to the manifest.'),
    targets: z
      .array(z.enum(['dmg', 'iso', 'raw', 'bin'], { error: 'a target is dmg, iso, raw or bin' }))
      .min(1, 'at least one target is needed')
      .refine((targets) => new Set(targets).size === targets.length, 'a target is listed twice')
      .default(['dmg'])
      .describe('The kinds of image to build, all from the same files, which are read once: dmg, iso, raw (.img), bin (with a cue sheet).'),
    volume: z
      .strictObject({
        name: shownText('the volume’s name')
          .refine((text) => !/[/:]/.test(text), 'a volume’s name cannot hold "/" or ":"')
          .default('${name} ${version}')
          .describe('What the Finder shows.'),
        filesystem: z
          .enum(['HFS+', 'HFSX'], { error: wrongFilesystem })
          .default('HFS+')
          .describe('HFS+ ignores case in names, HFSX does not.'),
        icon: path('icon')
          .optional()
          .describe(
            'The volume’s icon: an .icns file, or a PNG of 1024 by 1024 pixels that all sizes are made from. Of DMG and raw images.',
          ),
        badgeIcon: path('badgeIcon')
          .optional()
          .describe('An icon as for "icon", which is set onto the picture of a drive. Of it and "icon" only one can be.'),
      })
      .prefault({}),
    window: window
      .optional()
      .describe('How the Finder shows the volume. Of DMG and raw images. An item’s place in it is "x" and "y" of the item.'),
    dmg: z
      .strictObject({
        format: z.enum(['UDZO'], { error: wrongFormat }).default('UDZO').describe('UDZO: zlib, opened by every macOS.'),
        compression: z.strictObject({ level: z.int().min(1).max(9).default(6).describe('1 (fast) to 9 (small).') }).prefault({}),
      })
      .prefault({}),
    raw: z
      .strictObject({
        partitionMap: z
          .enum(['apm', 'mbr', 'gpt', 'none'])
          .default('apm')
          .describe(
            'What stands before the volume. Behind a disk with apm or mbr the seal is appended; with gpt or none it is a file beside the image.',
          ),
      })
      .prefault({})
      .describe('Of raw images.'),
    iso: z
      .strictObject({
        joliet: z
          .union([z.boolean(), z.literal('long')])
          .default(true)
          .describe(
            'A second tree of names for Windows: of 64 characters, or long for up to 103. Names as they are always stand in the Rock Ridge tree.',
          ),
        udf: z
          .union([z.boolean(), z.literal('only')], { error: 'udf is true, false or only' })
          .default(false)
          .describe(
            'A UDF 1.02 volume beside the ISO 9660 volume, same contents; only: a UDF 2.01 volume and no ISO 9660 one, with symbolic links and names as they are. The seal is then a file beside the image.',
          ),
        level: z
          .union([z.literal(1), z.literal(2), z.literal(3)])
          .default(3)
          .describe('ISO 9660 level: 1 for names of 8 and 3 characters, 3 for files over 4 GiB.'),
        system: isoText(32),
        volumeSet: isoText(128),
        publisher: isoText(128),
        preparer: isoText(128),
        application: isoText(128),
        copyrightFile: isoFile('copyright notice'),
        abstractFile: isoFile('abstract'),
        bibliographicFile: isoFile('bibliography'),
        boot: z
          .array(
            z.strictObject({
              path: path('path').describe('The loader, as a path in the volume: for UEFI an image of a FAT volume.'),
              platform: z.enum(['bios', 'uefi']).describe('What it starts.'),
              loadSectors: z.int().min(1).max(0xffff).optional().describe('Sectors of 512 bytes that are loaded.'),
              infoTable: z
                .union([z.boolean(), z.literal('grub')], { error: 'infoTable is true, false or grub' })
                .default(false)
                .describe(
                  'Whether the table that isolinux wants is put into the file; grub for what grub-mkimage makes (i386-pc-eltorito).',
                ),
            }),
          )
          .default([])
          .describe('What computers start from (El Torito), the first one before the others.'),
        hybrid: z
          .enum(['none', 'mbr', 'gpt'])
          .default('none')
          .describe(
            'Partitions in an iso image, so that what starts from a CD starts from a stick too: gpt as UEFI firmware likes it best, with a copy of the table behind the volume; mbr for a master boot record alone.',
          ),
        bootSector: path('bootSector')
          .optional()
          .describe(
            'Code that a BIOS starts from a stick, of whoever made the loader: isohdpfx.bin for isolinux, boot_hybrid.img for GRUB. The address of the first loader for bios is put into it.',
          ),
      })
      .superRefine((value, context) => {
        if (value.udf !== 'only') return;
        for (const [key, set] of Object.entries(value)) {
          if (OF_ISO9660_ALONE.includes(key) && set !== undefined && (!Array.isArray(set) || set.length > 0)) {
            context.addIssue({
              code: 'custom',
              path: [key],
              message: 'a UDF volume alone has no such thing: leave it out, or write udf: true',
            });
          }
        }
      })
      .superRefine(checkHybrid)
      .prefault({})
      .describe('Of iso and bin images; hybrid and bootSector of iso images alone.'),
    bin: z
      .strictObject({
        mode: z.enum(['MODE1/2352', 'MODE1/2048']).default('MODE1/2352').describe('Raw sectors with error correction, or plain ones.'),
      })
      .prefault({})
      .describe('Of bin images.'),
    contents: z.array(item).min(1, 'an image needs at least one item').describe('What is in the volume.'),
    appleDouble: z
      .boolean()
      .default(true)
      .describe('Whether a file "._name" beside "name" becomes its Finder info, resource fork and extended attributes.'),
    hostAttributes: z
      .boolean()
      .default(false)
      .describe('Whether extended attributes of the source files are taken along; needs getfattr (Linux) or xattr (macOS).'),
    license: z
      .union([path('license'), z.record(z.string(), path('license'))], {
        error: 'a licence is a file, or a file for each language: { en_US: LICENSE.txt, ja_JP: LICENSE.ja.rtf }',
      })
      .optional()
      .describe(
        'What has to be agreed to before a DMG opens: a text (UTF-8) or RTF file, or one for each language and country. Some ways of opening an image refuse one that asks; a licence that is only to be read is better a file among the contents.',
      ),
    licenseDefault: z.string().optional().describe('The licence for readers of other languages. Default: the first.'),
    sign: sign.optional().describe('How the image is signed. ${env.X} is not expanded here. Without it the image is not sealed.'),
  })
  .superRefine((value, context) => {
    if (value.licenseDefault !== undefined && value.license === undefined) {
      context.addIssue({ code: 'custom', path: ['licenseDefault'], message: 'there is no "license" to choose from' });
    }
    if (typeof value.license === 'object' && Object.keys(value.license).length === 0) {
      context.addIssue({ code: 'custom', path: ['license'], message: 'a licence is in at least one language' });
    }
    if (value.volume.icon !== undefined && value.volume.badgeIcon !== undefined) {
      context.addIssue({ code: 'custom', path: ['volume', 'badgeIcon'], message: 'a volume has an icon or a badge icon, not both' });
    }
    if (value.sign !== undefined && value.id === undefined) {
      context.addIssue({ code: 'custom', path: ['id'], message: 'a signed image needs an "id", as in com.example.hello' });
    }
  });

interface HybridInput {
  readonly hybrid: 'none' | 'mbr' | 'gpt';
  readonly bootSector?: string | undefined;
  readonly udf: boolean | 'only';
  readonly boot: readonly { readonly platform: 'bios' | 'uefi' }[];
}

function checkHybrid({ hybrid, bootSector, udf, boot }: HybridInput, context: z.RefinementCtx): void {
  const fault = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
  const has = (platform: 'bios' | 'uefi') => boot.some((image) => image.platform === platform);
  if (hybrid === 'none') {
    if (bootSector !== undefined) fault('bootSector', 'a boot sector needs "hybrid": mbr or gpt');
    return;
  }
  if (udf && hybrid === 'gpt') fault('hybrid', 'UDF and a gpt both need the last sector of the image; with udf, hybrid is mbr');
  if (bootSector !== undefined && !has('bios')) fault('bootSector', 'a boot sector starts a loader for bios, and "boot" has none');
  if (bootSector === undefined && !has('uefi'))
    fault('hybrid', 'nothing would start from a stick: "boot" has no image for uefi, and there is no "bootSector"');
}

export type ManifestInput = z.infer<typeof ManifestSchema>;
export type ItemInput = z.infer<typeof item>;
export type XattrInput = z.infer<typeof xattrValue>;
export type WindowInput = z.infer<typeof window>;

function wrongFilesystem(issue: { input?: unknown }): string {
  return String(issue.input).toUpperCase() === 'APFS' ? 'APFS is not written yet; HFS+ opens on every Mac' : 'a filesystem is HFS+ or HFSX';
}

function wrongFormat(issue: { input?: unknown }): string {
  const known = ['UDBZ', 'ULFO', 'ULMO', 'UDRO', 'UDRW'];
  return known.includes(String(issue.input)) ? `format ${String(issue.input)} is not written yet, only UDZO` : 'the only format is UDZO';
}

/** The schema as JSON Schema, draft 2020-12, of what a person writes (defaults may be left out). */
export function jsonSchema(): Record<string, unknown> {
  return { title: 'diskseal manifest', ...z.toJSONSchema(ManifestSchema, { io: 'input' }) };
}
