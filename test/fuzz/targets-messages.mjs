/** Parsers of what comes as one message: DER in all its kinds, the seal's own texts, property lists. */
import { deepStrictEqual } from 'node:assert/strict';
import { mutateDer } from './mutate-der.mjs';
import { mutateJson, mutateLines, mutateXml } from './mutate-text.mjs';

/** What is accepted must be what one would write: there is one spelling of everything that is signed. */
function sameBytes(written, bytes) {
  if (Buffer.compare(written, bytes) !== 0) throw new Error('accepted, and written again it is other bytes');
}

const STATEMENT_WORDS = (
  'apple arch build channel covered critical dressing flat format imageSize inventory keys masked placement platform product seal tree ' +
  'type version none detached embedded dmg iso raw __proto__'
).split(' ');
const PLIST_WORDS = (
  '<plist version="1.0">|</plist>|<dict>|</dict>|<dict/>|<array>|</array>|<key>|</key>|<string>|</string>|<data>|</data>|<integer>|' +
  '</integer>|<real>|<date>|<true/>|<false/>|<!--|-->|<!DOCTYPE|<![CDATA[|]]>|&amp;|&#x0;|&#xd800;|&lt;|&x;|<?xml |?>|' +
  '<key>__proto__</key>|-9223372036854775808|\ufeff'
).split('|');
const POLICY_WORDS = (
  'trust timestampTrust publishers require count of products channels platforms architectures formats minVersion minBuild timestamp ' +
  'maxTimestampAge revocation revocationData algorithms apple pin state spki certificate subject issuer san teamId hashes keys rsaBits * ' +
  'required ifExpired ignore hard soft off com.example.hello stable dmg sha256 RSA 1.2.0 __proto__'
).split(' ');
const PEM_WORDS = [
  '-----BEGIN CERTIFICATE-----',
  '-----END CERTIFICATE-----',
  '-----BEGIN ',
  '-----',
  '\r\n',
  '====',
  'X509 CRL',
  'PRIVATE KEY',
];

export const MESSAGES = {
  der: {
    modules: ['pki/der', 'pki/ber'],
    mutate: mutateDer,
    run({ 'pki/der': { readDer }, 'pki/ber': { derFromBer } }, bytes) {
      // What was BER must come out as DER.
      const normal = attempt(() => derFromBer(bytes, 'fuzz'));
      if (normal) readDer(normal, 'fuzz');
      const visit = (element) => element.children.forEach(visit);
      visit(readDer(bytes, 'fuzz'));
    },
  },
  cms: {
    modules: ['pki/cms'],
    mutate: mutateDer,
    run({ 'pki/cms': { parseSignedData } }, bytes) {
      parseSignedData(bytes);
    },
  },
  certificate: {
    modules: ['pki/x509', 'trust/path-validation', 'trust/publisher', 'trust/name-constraints'],
    mutate: mutateDer,
    run(modules, bytes) {
      const certificate = modules['pki/x509'].parseCertificate(bytes);
      sameBytes(certificate.bytes, bytes);
      const { validatePath, CODE_SIGNING } = modules['trust/path-validation'];
      // With itself above it: what an authority must be is asked too.
      validatePath({ path: [certificate, certificate, certificate], at: 1_780_000_000, purpose: CODE_SIGNING, tolerance: 0 });
      modules['trust/publisher'].publisherFlag({ subject: certificate.subject, spki: certificate.spki });
    },
  },
  pem: {
    modules: ['trust/anchor', 'pki/x509'],
    words: PEM_WORDS,
    mutate: mutateLines,
    run(modules, bytes) {
      modules['trust/anchor'].parseAnchors(bytes);
    },
  },
  timestamp: {
    modules: ['pki/timestamp-token', 'pki/timestamp-token-write', 'pki/timestamp-request', 'pki/ber'],
    mutate: mutateDer,
    run(modules, bytes) {
      const { tokenParts, encodeTimeStampToken, signatureToRenew } = modules['pki/timestamp-token-write'];
      // What an authority sends is made fit for a seal.
      attempt(() => encodeTimeStampToken(tokenParts(modules['pki/ber'].derFromBer(bytes, 'token'))));
      attempt(() => modules['pki/timestamp-request'].parseTimeStampResponse(bytes));
      attempt(() => signatureToRenew(bytes));
      modules['pki/timestamp-token'].parseTimeStampToken(bytes);
    },
  },
  crl: {
    modules: ['trust/revocation-evidence'],
    mutate: mutateDer,
    words: PEM_WORDS,
    run({ 'trust/revocation-evidence': { parseEvidence, embeddedEvidence } }, bytes) {
      attempt(() => embeddedEvidence([bytes]));
      const { crls } = parseEvidence(bytes);
      for (const { revoked } of crls) for (const serial of [1, 2]) revoked.find(Uint8Array.of(serial));
    },
  },
  ocsp: {
    modules: ['trust/revocation-evidence', 'pki/ocsp'],
    mutate: mutateDer,
    run(modules, bytes) {
      attempt(() => modules['trust/revocation-evidence'].parseEvidence(bytes));
      modules['pki/ocsp'].parseOcspResponse(bytes);
    },
  },
  keys: {
    modules: ['pki/pkcs8', 'pki/pkcs12'],
    mutate: mutateDer,
    run(modules, bytes) {
      attempt(() => modules['pki/pkcs8'].parsePrivateKeyInfo(bytes));
      attempt(() => modules['pki/pkcs8'].parseEncryptedPrivateKeyInfo(bytes));
      attempt(() => modules['pki/pkcs12'].parseSafeContents(bytes));
      modules['pki/pkcs12'].parsePfx(bytes);
    },
  },
  policy: {
    modules: ['trust/policy-file', 'trust/policy-document', 'trust/policy-sources', 'cli/policy/policy-text', 'cli/policy/policy-json'],
    mutate: mutateJson,
    words: POLICY_WORDS,
    async run(modules, bytes) {
      const text = new TextDecoder().decode(bytes);
      const { policyFromDocument } = modules['trust/policy-file'];
      attempt(() => modules['cli/policy/policy-text'].readPolicyText(text, 'policy.yaml'));
      const document = modules['cli/policy/policy-json'].readPolicyText(text, 'policy.json');
      modules['trust/policy-document'].policyFaults(document);
      // Files that it names are as hostile as itself.
      const source = await policyFromDocument(document, 'policy.json', async () => bytes);
      modules['trust/policy-sources'].policiesInForce([source]);
    },
  },
  memory: {
    modules: ['trust/remembered'],
    mutate: mutateJson,
    words: ['publishers', 'time', 'product', 'anchor', 'subject', 'keys', 'seen', 'version', 'build', '__proto__'],
    run({ 'trust/remembered': { parseMemory, writeMemory } }, bytes) {
      const memory = parseMemory(bytes);
      parseMemory(writeMemory(memory));
    },
  },
  statement: {
    modules: ['seal/statement'],
    mutate: mutateJson,
    words: STATEMENT_WORDS,
    run({ 'seal/statement': { parseStatement, encodeStatement } }, bytes) {
      sameBytes(encodeStatement(parseStatement(bytes)), bytes);
    },
  },
  inventory: {
    modules: ['seal/inventory'],
    mutate: mutateLines,
    words: ['d 0755 - - ', 'f 0644 0 ', 'l 0777 - - ', '\t', '\n', '/', '../', String.raw`\u0000`, String.raw`\ud800`, String.raw`\u005c`],
    run({ 'seal/inventory': { parseInventory, encodeInventory } }, bytes) {
      sameBytes(encodeInventory(parseInventory(bytes)), bytes);
    },
  },
  plist: {
    modules: ['formats/plist/read-xml', 'formats/plist/write-xml'],
    mutate: mutateXml,
    words: PLIST_WORDS,
    run(modules, bytes) {
      const value = modules['formats/plist/read-xml'].readXmlPlist(bytes);
      // What was read can be written, and reads as the same.
      const written = attempt(() => modules['formats/plist/write-xml'].writeXmlPlist(value));
      if (written) deepStrictEqual(modules['formats/plist/read-xml'].readXmlPlist(written), value);
    },
  },
  licence: {
    modules: ['formats/licence/read', 'formats/licence/rtf'],
    words: ['{\\rtf1', '\\u-1?', "\\'e9", '\\uc', '{\\*', '\u0000\u0001\u0000\u0001\u0000\u000e\u0000\u0000'],
    run(modules, bytes) {
      modules['formats/licence/rtf'].textOfRtf(bytes);
      // Every resource in turn is what the input says, beside others that are as they should be.
      const table = Uint8Array.of(0, 14, 0, 1, 0, 14, 0, 0, 0, 1);
      const resources = ['STR#', 'TEXT', 'RTF '].map((type) => ({ type, id: 5000, name: '', data: bytes }));
      modules['formats/licence/read'].readLicence([{ type: 'LPic', id: 5000, name: '', data: table }, ...resources]);
      modules['formats/licence/read'].readLicence([{ type: 'LPic', id: 5000, name: '', data: bytes }, ...resources]);
    },
  },
  'binary-plist': {
    modules: ['formats/plist/read', 'formats/plist/binary-plist'],
    words: ['bplist00', '\u00d1\u0001\u0002', '\u00a1\u0001', '\u005f\u0010', '\u0080\u0001'],
    run(modules, bytes) {
      const { readBinaryPlist, writeBinaryPlist } = modules['formats/plist/binary-plist'];
      const value = modules['formats/plist/read'].readPlist(bytes);
      // What is shared in the input is not in the output: only what stays small is written.
      const written = attempt(() => writeBinaryPlist(value));
      if (written) deepStrictEqual(readBinaryPlist(written), value);
    },
  },
};

/** For a target that asks several questions of one input: a refusal of one is no end of the run. */
function attempt(work) {
  try {
    return work();
  } catch (error) {
    if (error?.name !== 'DisksealError' || error.code === 'E_INTERNAL') throw error;
    return undefined;
  }
}
