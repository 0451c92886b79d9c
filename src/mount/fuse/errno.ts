/** Error numbers of Linux that a server answers with, as positive numbers. Source: asm-generic/errno-base.h and errno.h. */
export const Errno = {
  ENOENT: 2,
  EIO: 5,
  E2BIG: 7,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ERANGE: 34,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ENODATA: 61,
  EPROTO: 71,
  ESTALE: 116,
} as const;

/** An answer that is only an error. */
export class FuseError extends Error {
  readonly errno: number;

  constructor(name: keyof typeof Errno) {
    super(name);
    this.name = 'FuseError';
    this.errno = Errno[name];
  }
}
