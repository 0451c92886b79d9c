/**
 * A browser's side of core's Platform: Web Crypto, DecompressionStream and our own streaming SHA-256.
 * Left out, since nothing that verifies asks for them: compression, and files by their path.
 */
import { crc32 } from '../core/crc32.ts';
import { DisksealError } from '../core/errors.ts';
import type { Platform, Threads } from '../core/platform.ts';
import { inflate } from './inflate.ts';
import { plain } from './plain-bytes.ts';
import { sha256 } from './sha256.ts';
import { HASH_NAMES, verifySignature } from './signature.ts';

/** @throws DisksealError `E_USAGE` on a page that may not use Web Crypto */
export function webPlatform(): Platform {
  if (!globalThis.crypto?.subtle) {
    throw new DisksealError('E_USAGE', 'this page may not use Web Crypto', {
      hint: 'open it by https, from localhost or as a file of this computer',
    });
  }
  const platform: Platform = {
    async digest(algorithm, bytes) {
      return new Uint8Array(await globalThis.crypto.subtle.digest(HASH_NAMES[algorithm], plain(bytes)));
    },
    hash(algorithm) {
      if (algorithm !== 'sha256') throw refused(`a stream's ${HASH_NAMES[algorithm]}`);
      return sha256();
    },
    verifySignature,
    crc32,
    inflate,
    deflate: () => Promise.reject(refused('a compression level')),
    readFile: () => Promise.reject(refused('a file by its path')),
    get threads() {
      return here;
    },
  };
  // Web Crypto's digests run beside this thread as it is: the leaves of a seal's tree are made there, the flat digest here.
  const here: Threads = { width: 1, run: async (task, input) => (await task.run(input, platform)).value };
  return platform;
}

function refused(what: string): DisksealError {
  return new DisksealError('E_UNSUPPORTED', `a browser does not give ${what}`, { hint: 'verifying needs none; building runs on Node.js' });
}
