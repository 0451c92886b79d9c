/** Mach-O files made for tests: headers and load commands, and no code behind them. */

export interface MadeSlice {
  readonly cpu?: readonly [type: number, subtype: number];
  readonly fileType?: number;
  /** As in `11.0`; none: no command says. */
  readonly minimum?: string;
  /** LC_VERSION_MIN_MACOSX instead of LC_BUILD_VERSION. */
  readonly old?: boolean;
  readonly signed?: boolean;
}

const ARM64 = [0x0100_000c, 0] as const;

export function machO({ cpu = ARM64, fileType = 2, minimum = '11.0', old = false, signed = false }: MadeSlice = {}): Uint8Array {
  const [major = 0, minor = 0] = minimum.split('.').map(Number);
  const version = (major << 16) | (minor << 8);
  const commands = [
    ...(minimum === '' ? [] : [old ? [0x24, 16, version, 0] : [0x32, 24, 1, version, version, 0]]),
    ...(signed ? [[0x1d, 16, 0, 0]] : []),
  ];
  const words = [0xfeedfacf, ...cpu, fileType, commands.length, commands.flat().length * 4, 0, 0, ...commands.flat(), 0, 0];
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, index) => view.setUint32(index * 4, word, true));
  return bytes;
}

export function universal(slices: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(4096 * (slices.length + 1));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xcafebabe);
  view.setUint32(4, slices.length);
  slices.forEach((slice, index) => {
    const [offset, at] = [4096 * (index + 1), 8 + index * 20];
    const header = new DataView(slice.buffer, slice.byteOffset);
    [header.getUint32(4, true), header.getUint32(8, true), offset, slice.length, 12].forEach((word, place) =>
      view.setUint32(at + place * 4, word),
    );
    bytes.set(slice, offset);
  });
  return bytes.subarray(0, 4096 * slices.length + slices.at(-1)!.length);
}
