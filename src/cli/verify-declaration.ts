/** `verify`, as the command and the one-file verifier have it. */
import { type CommandDeclaration, IMAGE, REFUSALS, TRUST } from './declaration.ts';

export const VERIFY: Omit<CommandDeclaration, 'load'> = {
  name: 'verify',
  threads: 1,
  arguments: [IMAGE],
  summary: 'check who signed an image and that every byte is as it was signed',
  about:
    "The system's certificates are never used: say whom you trust. --trust with the publisher's own certificate is enough for exit 0; with a root it needs --publisher.",
  options: [
    ...TRUST,
    { flags: '--deep', text: 'also read the volume and compare every file with the signed inventory' },
    { flags: '--quick', text: 'signature and seal only; never exits 0, but 12' },
    { flags: '--explain', text: 'say with each check what it means' },
  ],
  exits: [0, 1, 2, 3, 12, ...REFUSALS],
  examples: [
    ['diskseal verify App.dmg --trust publisher.cert.pem', 'signed by this very certificate?'],
    ['diskseal verify App.dmg --trust root.pem --publisher "CN=Example Ltd,C=GB"', 'signed by this publisher, under this root?'],
    ['diskseal verify App.dmg --trust sha256:9f86d0… --json', 'by fingerprint, for a script'],
  ],
};
