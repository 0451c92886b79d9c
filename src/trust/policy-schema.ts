/**
 * What a policy file may hold: the one source of its checks, of `schema --policy` and of the reference in docs/policy.md.
 * JSON Schema, draft 2020-12, as far as `json-schema.ts` evaluates it. What no schema can say is checked in `policy-document.ts`.
 */
import type { Schema } from './json-schema.ts';
import { KEY_FAMILIES } from './policy.ts';

const FINGERPRINT = '([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}';
/** As in the statement. */
const TOKEN = '^[a-z0-9][a-z0-9._-]{0,63}$';

const list = (items: Schema, description: string): Schema => ({
  type: 'array',
  items,
  minItems: 1,
  maxItems: 256,
  uniqueItems: true,
  description,
});
/** One text, or several. */
const texts = (item: Schema, description: string): Schema => ({ anyOf: [item, list(item, description)], description });
const text = (form: string, pattern: string): Schema => ({ type: 'string', pattern, minLength: 1, maxLength: 1024, form });

const file = text('a file, relative to the policy', '^[^\\u0000]+$');
const anchor = text('a PEM file, relative to the policy, or sha256: and 64 hexadecimal digits', '^[^\\u0000]+$');
const key = text('spki: and 64 hexadecimal digits', `^(spki:)?${FINGERPRINT}$`);
const certificate = text('sha256: and 64 hexadecimal digits', `^(sha256:)?${FINGERPRINT}$`);
const name = text('a name of letters, digits, "-", "_" and "."', '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$');

const publisher: Schema = {
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    spki: texts(key, 'SHA-256 of the SubjectPublicKeyInfo: survives a renewed certificate for the same key.'),
    certificate: texts(certificate, 'SHA-256 of the certificate itself.'),
    subject: {
      ...text('a whole subject, as in CN=Example Ltd,O=Example,C=GB', '^[A-Za-z0-9.]+=[\\s\\S]+$'),
      description: 'The whole subject (RFC 4514). Needs `issuer`.',
    },
    san: {
      ...text('uri:, email: or dns: and the name', '^(uri|email|dns):[\\s\\S]+$'),
      description: 'One of the subject alternative names, whole: `uri:`, `email:` or `dns:` before it. Needs `issuer`.',
    },
    issuer: {
      ...text('a whole subject, sha256:HEX or spki:HEX', `^([A-Za-z0-9.]+=[\\s\\S]+|(sha256|spki):${FINGERPRINT})$`),
      description: 'Who vouches for the name: a certificate above it on the path, by its whole subject, `sha256:` or `spki:`.',
    },
    teamId: {
      ...text('ten capital letters and digits', '^[A-Z0-9]{10}$'),
      description:
        'Apple Team ID: the organizational unit of a Developer ID Application certificate under a Developer ID authority. Needs `issuer`.',
    },
  },
  dependentRequired: { subject: ['issuer'], san: ['issuer'], teamId: ['issuer'] },
  description: 'Everything that is given must hold.',
};

export const POLICY_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'diskseal policy',
  description: 'Whom `diskseal verify` believes, and under which conditions. What is not allowed is refused.',
  type: 'object',
  additionalProperties: false,
  properties: {
    trust: texts(anchor, 'Certificates that are believed without proof: roots, or publishers’ own certificates.'),
    timestampTrust: texts(anchor, 'Roots of timestamp authorities. `trust` is none of them.'),
    publishers: {
      anyOf: [
        { const: '*' },
        { type: 'object', propertyNames: name, additionalProperties: publisher, minProperties: 1, maxProperties: 256 },
      ],
      description: 'Who may sign, each under a name of your own; `"*"` for any code-signing certificate under `trust`.',
    },
    require: {
      type: 'object',
      additionalProperties: false,
      required: ['count'],
      properties: {
        count: { type: 'integer', minimum: 1, maximum: 16, description: 'How many must have signed, each with a key of its own.' },
        of: list(name, 'Names of `publishers`; all of them when left out.'),
      },
      description: 'How many publishers must have signed; one when left out.',
    },
    products: list(text('a product id, as in com.example.hello', '^[a-z0-9.-]{1,255}$'), 'Product ids that are wanted.'),
    channels: list(text('a channel, as in stable', TOKEN), 'Channels that are wanted.'),
    platforms: list(text('a platform, as in macos', TOKEN), 'Platforms that are wanted; an image for `any` is one for each.'),
    architectures: list(text('an architecture, as in arm64', TOKEN), 'Architectures that are wanted; a `universal` image is one for each.'),
    formats: list({ enum: ['dmg', 'iso', 'raw'] }, 'Kinds of image that are wanted.'),
    minVersion: {
      ...text('a version, as in 1.2.0', '^v?[0-9]+(\\.[0-9]+){0,3}(-[0-9A-Za-z.-]+)?(\\+[0-9A-Za-z.-]+)?$'),
      description: 'The least version, by semver precedence.',
    },
    minBuild: {
      type: 'integer',
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'The least build number; an image without one is refused.',
    },
    timestamp: {
      enum: ['required', 'ifExpired', 'ignore'],
      default: 'ifExpired',
      description:
        '`required`: no signature counts without a trusted timestamp. `ifExpired`: a trusted one decides when the signature was made, without one it is now. `ignore`: it is always now.',
    },
    maxTimestampAge: {
      type: 'integer',
      minimum: 1,
      maximum: 36_500,
      description: 'Days that the timestamp may be old. Needs `timestamp: required`.',
    },
    revocation: {
      enum: ['hard', 'soft', 'off'],
      default: 'soft',
      description:
        '`hard`: every certificate must be known to be good. `soft`: a revocation refuses, not knowing does not. `off`: nothing refuses.',
    },
    revocationData: texts(file, 'CRLs (PEM or DER) and OCSP responses (DER), beside those in the seal.'),
    algorithms: {
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      properties: {
        hashes: list({ enum: ['sha256', 'sha384', 'sha512'] }, 'Hashes that may be signed.'),
        keys: list({ enum: KEY_FAMILIES }, 'Kinds of keys.'),
        rsaBits: { type: 'integer', minimum: 2048, maximum: 16_384, description: 'The least size of RSA keys.' },
      },
      description: 'For signer, path and anchor: fewer than every seal may use, never more.',
    },
    apple: {
      enum: ['required', 'ifPresent'],
      default: 'ifPresent',
      description: 'Whether there must be an Apple code signature; one that is there is always judged.',
    },
    pin: {
      enum: ['key', 'subject'],
      default: 'key',
      description: 'What `--remember` holds a publisher to: the key, or the whole subject under the same root, whose key may then change.',
    },
    state: { ...file, description: 'Where known publishers and releases are remembered, instead of the user’s own file.' },
  },
};

/** As others read it: without our own keyword. */
export function policyJsonSchema(): Schema {
  return JSON.parse(JSON.stringify(POLICY_SCHEMA, (key, value: unknown) => (key === 'form' ? undefined : value))) as Schema;
}
