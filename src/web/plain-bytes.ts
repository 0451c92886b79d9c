/** Web Crypto and streams take no view of shared memory. There is none here, which TypeScript cannot see. */
export function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
