/** Commands that make images, and seal them. */
import { type CommandDeclaration, REFUSALS, SIGNING } from './declaration.ts';

export const MAKING: readonly CommandDeclaration[] = [
  {
    name: 'init',
    arguments: [['[dir]', 'the folder to write it to, made when missing; this one when left out']],
    summary: 'write a first installer.yaml',
    about: 'An app for the Mac in the folder, or in its build, dist or out, fills in name, version and id.',
    options: [
      { flags: '-y, --yes', text: 'ask nothing, take the proposed values' },
      {
        flags: '--from <file>',
        text: 'take over appdmg.json, electron-builder.yml, package.json, tauri.conf.json, dmgbuild settings, or a script with create-dmg',
      },
      { flags: '-f, --force', text: 'replace an installer.yaml that is there' },
    ],
    exits: [0, 2, 3],
    examples: [
      ['diskseal init', 'ask for name, version and id, then write ./installer.yaml'],
      ['diskseal init my-app --yes', 'write my-app/installer.yaml without questions'],
      ['diskseal init --from electron-builder.yml', 'a manifest with the same image, beside that file'],
    ],
    load: () => import('../commands/init.ts'),
  },
  {
    name: 'build',
    threads: 2,
    arguments: [
      ['[manifest|app]', 'the manifest, or its folder; ./installer.yaml when left out; or an app for the Mac, without any manifest'],
    ],
    summary: 'build the images that a manifest describes, sealed when it says how to sign; or a DMG of an app',
    about:
      'Paths in the manifest are relative to it, the outputs too. The same inputs give the same bytes: SOURCE_DATE_EPOCH, else the manifest\'s mtime, sets every time in the image. Without "sign" in the manifest the image is not sealed; build warns and exits 0. An app (Hello.app) needs no manifest: its Info.plist says name, version and id, a link to /Applications stands beside it, and "Hello 2.1.0.dmg" is written into the folder that you are in.',
    options: [
      { flags: '-o, --output <file>', text: 'write here instead of where the manifest says (one target only)' },
      { flags: '--target <name>', text: 'build this target only; may be repeated', list: true },
      { flags: '--set <key=value>', text: 'replace a value of the manifest, as in --set version=2.1.0; may be repeated', list: true },
      {
        flags: '--timestamp <url>',
        text: "ask this RFC 3161 authority for a timestamp instead of the manifest's; repeated, each is tried until one answers",
        list: true,
      },
      { flags: '--embed-revocation', text: "ask the signer's authorities whether its certificates are good, and embed their answers" },
      { flags: '--key <file>', text: 'for an app without a manifest: the private key, PEM or PKCS#12' },
      { flags: '--certificates <file>', text: "for an app without a manifest: the signer's certificate and its issuers" },
      { flags: '--env <name>', text: 'allow ${env.NAME} in the manifest; may be repeated', list: true },
      { flags: '-f, --force', text: 'replace outputs that are there' },
      { flags: '--allow-outside', text: "allow contents from outside the manifest's folder" },
    ],
    exits: [0, 1, 2, 3],
    examples: [
      ['diskseal build', 'build what ./installer.yaml describes'],
      ['diskseal build app/installer.yaml -o App.dmg --force', 'choose the output, replace it'],
      ['diskseal build Hello.app', 'write "Hello 2.1.0.dmg" without a manifest, unsealed'],
      ['diskseal build --set version=2.1.1 --env BUILD_NUMBER', 'values from outside'],
    ],
    load: () => import('../commands/build.ts'),
  },
  {
    name: 'sign',
    threads: 1,
    arguments: [['<image>', 'a disk image, or any file']],
    summary: 'seal an image that another tool made, or add a signature or timestamp to a seal',
    about:
      'The seal goes into a DMG, an ISO image or a disk with MBR or FAT where that changes nothing else; else it becomes a file beside the image, IMAGE.seal: for images with an Apple code signature, disks with GPT, bare HFS+, APFS and UDF volumes, BIN and NRG images, hybrid ISO images without free place, and what is not known. What was done is said. An image that is sealed already gets a further signature over the same statement or, without --key, a timestamp for the ones that it has. The file is replaced as a whole, or not at all.',
    options: [
      ...SIGNING,
      { flags: '--detached', text: 'make a file beside the image in any case' },
      { flags: '--seal <file>', text: 'the detached seal to add a signature or timestamp to' },
      { flags: '-o, --output <file>', text: 'write here and leave the image, or the seal, as it is' },
      { flags: '-f, --force', text: 'replace an output that is there' },
    ],
    exits: [0, 1, 2, 3, ...REFUSALS],
    examples: [
      ['diskseal sign App.iso --key k.pem --certificates c.pem --id com.example.app --product-version 2.1', 'seal an ISO image in place'],
      ['diskseal sign App.dmg --key second.pem --certificates second.cert.pem', 'a second signature'],
      ['diskseal sign App.dmg --timestamp http://tsa.example/', 'a timestamp for the signatures that are there'],
    ],
    load: () => import('../commands/sign.ts'),
  },
];
