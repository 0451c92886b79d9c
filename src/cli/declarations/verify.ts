/** `verify`, as the command and the one-file verifier have it. */
import { type CommandDeclaration, REFUSALS, SEAL, TRUST } from './declaration.ts';

export const VERIFY: Omit<CommandDeclaration, 'load'> = {
  name: 'verify',
  arguments: [['<image>', 'the disk image: a file, a URL, or - for standard input']],
  summary: 'check who signed an image and that every byte is as it was signed',
  about:
    "The system's certificates are never used: say whom you trust. --trust with the publisher's own certificate is enough for exit 0; with a root it needs --publisher. A pipe is judged at its end; with --seal a wrong chunk is refused as soon as it comes.",
  options: [
    ...TRUST,
    ...SEAL,
    { flags: '--deep', text: 'also read the volume and compare every file with the signed inventory' },
    {
      flags: '--same-content <image>',
      text: 'verify this image as well, both with --deep, and say whether both hold the same files',
    },
    { flags: '--same-content-seal <file>', text: 'the seal that came beside that image' },
    { flags: '--quick', text: 'signature and seal only; never exits 0, but 12' },
    {
      flags: '--copy-to <file>',
      text: 'copy the image first, verify the copy, and name it FILE only when it is good: for an image that others can write',
    },
    { flags: '-f, --force', text: 'let --copy-to replace a file' },
    { flags: '--max-size <bytes>', text: 'refuse a longer pipe, as in 700M or 2G; 64G when left out' },
    { flags: '--remember', text: 'after success, remember the publisher of this product and this release; later changes are refused' },
    { flags: '--explain', text: 'say which policy is in force, and with each check what it means' },
  ],
  exits: [0, 1, 2, 3, 12, ...REFUSALS],
  examples: [
    ['diskseal verify App.dmg --trust publisher.cert.pem', 'signed by this very certificate?'],
    ['diskseal verify App.dmg --trust root.pem --publisher "CN=Example Ltd,C=GB"', 'signed by this publisher, under this root?'],
    ['diskseal verify App.dmg --trust sha256:9f86d0… --json', 'by fingerprint, for a script'],
    ['diskseal verify App.dmg --policy policy.yaml --explain', 'whatever the policy asks for, and why'],
    ['diskseal verify App.iso --seal App.iso.seal --trust publisher.cert.pem', 'sealed by a file beside it'],
    ['diskseal verify --same-content App.dmg App.iso --trust publisher.cert.pem', 'do both hold the same signed files?'],
    ['diskseal verify https://example.com/App.dmg --quick --trust publisher.cert.pem', 'is it worth the download?'],
    ['diskseal verify - --copy-to App.dmg --trust publisher.cert.pem', 'out of a pipe; App.dmg is there only when it is good'],
  ],
};
