import { writePem } from '../../../src/pki/pem.ts';
import { bytes } from '../../support/attacked-image.ts';
import { root } from '../kit.ts';

const POLICY = 'trust: [root.pem]\npublishers: ["*"]\n';

import type { Cases } from '../kit.ts';

const names = [
  'image.dmg.seal',
  'image.dmg.pem',
  'trust.pem',
  'policy.yaml',
  'policy.json',
  'diskseal.json',
  'diskseal.yaml',
  '.diskseal',
  'root.crt',
];
const beside = Object.fromEntries(names.map((name) => [name, name.endsWith('pem') ? writePem('CERTIFICATE', root.bytes) : POLICY]));

export const cases: Cases = {
  'certificates, policies and settings': () => ({ image: bytes, files: beside }),
};
