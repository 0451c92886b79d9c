/** What computers start from, as far as a build looks at it: a FAT volume, isolinux, GRUB's image. */

/** The first sector of a FAT12 volume, the rest marked so that it is no zeros. */
export function fatImage(size = 720 * 1024): Uint8Array {
  const image = new Uint8Array(size).fill(0xf6, 512);
  image.set(new TextEncoder().encode('FAT12   '), 54);
  image.set([0x55, 0xaa], 510);
  return image;
}

/** An isolinux.bin has four bytes at 64 that say that a boot sector can start it. */
export function isolinux(size = 5000): Uint8Array {
  const loader = Uint8Array.from({ length: size }, (_, index) => (index * 7) & 255);
  loader.set([0xfb, 0xc0, 0x78, 0x70], 64);
  return loader;
}
