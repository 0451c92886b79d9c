/** What is remembered, as bytes: JSON of a closed form, so that a damaged file is an error and never an empty memory. */
import { DisksealError } from '../core/errors.ts';
import { type Schema, schemaFaults } from './json-schema.ts';
import type { Memory } from './pins.ts';

const TYPE = 'diskseal/known-publishers/1';

const digest: Schema = { type: 'string', pattern: '^[0-9a-f]{64}$', form: '64 hexadecimal digits' };
const token: Schema = { type: 'string', pattern: '^[a-z0-9][a-z0-9._-]{0,63}$' };
const keys: Schema = { type: 'array', items: digest, uniqueItems: true };

const release: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['version', 'platform', 'arch', 'channel', 'content'],
  properties: {
    version: { type: 'string', minLength: 1, maxLength: 255 },
    build: { type: 'integer' },
    platform: token,
    arch: token,
    channel: token,
    content: digest,
  },
};

const pin: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['product', 'anchor', 'subject', 'keys', 'next', 'rule', 'releases'],
  properties: {
    product: { type: 'string', pattern: '^[a-z0-9.-]{1,255}$' },
    anchor: digest,
    subject: { type: 'string', maxLength: 65_536 },
    keys: { ...keys, minItems: 1 },
    next: keys,
    rule: { enum: ['key', 'subject'] },
    releases: { type: 'array', items: release },
  },
};

const MEMORY: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['type', 'time', 'publishers'],
  properties: { type: { const: TYPE }, time: { type: 'integer' }, publishers: { type: 'array', items: pin, maxItems: 100_000 } },
};

/** @throws DisksealError `E_STATE` */
export function parseMemory(bytes: Uint8Array): Memory {
  const document = parseJson(bytes);
  const [fault] = schemaFaults(document, MEMORY);
  if (fault) throw damaged(`${fault.path.join('.') || 'it'} ${fault.message}`);
  const { time, publishers } = document as Memory;
  return { time, publishers };
}

export function writeMemory({ time, publishers }: Memory): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ type: TYPE, time, publishers }, undefined, 2)}\n`);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw damaged('it is not JSON', cause);
  }
}

function damaged(message: string, cause?: unknown): DisksealError {
  return new DisksealError('E_STATE', `what was remembered about publishers is damaged: ${message}`, {
    cause,
    hint: 'restore the file from a copy; without it changes of publishers and older releases go unseen',
  });
}
