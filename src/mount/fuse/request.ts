/** One request of the kernel, its lengths checked before anything of it is used; and the bytes of an answer. */
import { DisksealError } from '../../core/errors.ts';
import { errnoOf } from '../../core/system-error.ts';
import { FuseError } from './errno.ts';
import { InHeader, OutHeader } from './structs.ts';

export interface Request {
  readonly opcode: number;
  readonly unique: bigint;
  readonly nodeid: number;
  /** What follows the header; holds only until the next read of the device. */
  readonly body: Uint8Array;
}

/** The kernel's own limit (FUSE_NAME_MAX). Bytes. */
export const NAME_MAX = 1024;

/** @param bytes - one read of the device @returns nothing when that is no request, which cannot be answered either */
export function readRequest(bytes: Uint8Array): Request | undefined {
  if (bytes.length < InHeader.size) return undefined;
  // A node number that is none of ours must not end the loop.
  if ((new DataView(bytes.buffer, bytes.byteOffset).getUint32(20, true) & 0xffe0_0000) !== 0) return undefined;
  const { len, opcode, unique, nodeid } = InHeader.read(bytes);
  if (len !== bytes.length) return undefined;
  return { opcode, unique, nodeid, body: bytes.subarray(InHeader.size) };
}

/** A structure at the beginning of a request's body. @throws FuseError `EINVAL` when it is cut short, or a number is out of range */
export function fieldsIn<Value>(form: { read(bytes: Uint8Array, at?: number): Value }, body: Uint8Array, at = 0): Value {
  try {
    return form.read(body, at);
  } catch (cause) {
    if (cause instanceof DisksealError) throw new FuseError('EINVAL');
    throw cause;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A name that ends with a NUL, at the end of a request.
 * @returns nothing for bytes that are not UTF-8: no volume shows such a name
 * @throws FuseError `EINVAL`, `ENAMETOOLONG`
 */
export function nameIn(body: Uint8Array, at = 0): string | undefined {
  const end = body.indexOf(0, at);
  if (end < 0) throw new FuseError('EINVAL');
  if (end - at > NAME_MAX) throw new FuseError('ENAMETOOLONG');
  try {
    return decoder.decode(body.subarray(at, end));
  } catch {
    return undefined;
  }
}

/** The head of an answer. @param error - a positive errno, or 0 @param length - bytes that follow */
export function answerHeader(unique: bigint, error: number, length: number): Uint8Array {
  return OutHeader.write({ len: OutHeader.size + length, error: -error, unique });
}

/** The connection is gone: unmounted (ENODEV), or aborted. */
export function isGone(error: unknown): boolean {
  return errnoOf(error) === 'ENODEV' || errnoOf(error) === 'ECONNABORTED';
}
