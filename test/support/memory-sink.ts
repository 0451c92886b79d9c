/** A Sink that keeps what is written, or fails at the Nth write. */
import { bytesDisk } from '../../src/core/disk.ts';
import { DisksealError } from '../../src/core/errors.ts';
import type { ReadableSink } from '../../src/core/platform.ts';

export interface MemorySink extends ReadableSink {
  bytes(): Uint8Array;
}

export function memorySink(failAt = Infinity): MemorySink {
  const parts: Uint8Array[] = [];
  let position = 0;
  const sink: MemorySink = {
    get position() {
      return position;
    },
    async write(bytes) {
      if (parts.length + 1 >= failAt) throw new DisksealError('E_WRITE', 'the test sink is full');
      parts.push(bytes);
      position += bytes.length;
    },
    written: () => bytesDisk(sink.bytes()),
    bytes() {
      const whole = new Uint8Array(position);
      let at = 0;
      for (const part of parts) {
        whole.set(part, at);
        at += part.length;
      }
      return whole;
    },
  };
  return sink;
}
