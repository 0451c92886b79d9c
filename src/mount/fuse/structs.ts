/**
 * Messages between the Linux kernel and a FUSE server, as they go through /dev/fuse. Source: include/uapi/linux/fuse.h, protocol 7.31;
 * fields keep its names in camelCase. All in the machine's byte order, which is little-endian wherever Node.js runs on Linux but s390x.
 * Left out: everything that writes, locks, polls, maps memory or makes nodes; such requests are answered with ENOSYS.
 */
import { bytes, field, i32le, id64le, nested, struct, u16le, u32le, u64le, type ValueOf } from '../../core/struct.ts';

const spec = 'linux/fuse.h';

/** What the kernel may ask. Others are answered with ENOSYS, after which it does not ask them again. */
export const Opcode = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  readlink: 5,
  read: 15,
  statfs: 17,
  getxattr: 22,
  listxattr: 23,
  init: 26,
  readdir: 28,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  readdirplus: 44,
} as const;

/** The node that the kernel knows from the beginning. */
export const ROOT_ID = 1;

/** Flags of FUSE_INIT that are used here. */
export const InitFlag = {
  /** Several reads of one file at once. */
  asyncRead: 1 << 0,
  doReaddirplus: 1 << 13,
  /** ENOSYS to OPEN means: no more OPEN and RELEASE, pages stay in the cache. */
  noOpenSupport: 1 << 17,
  parallelDirops: 1 << 18,
  maxPages: 1 << 22,
  cacheSymlinks: 1 << 23,
  noOpendirSupport: 1 << 24,
} as const;

export const InHeader = struct(
  { name: 'InHeader', size: 40, spec: `${spec}, fuse_in_header` },
  {
    len: field(u32le, 'bytes of the whole request'),
    opcode: field(u32le, 'see Opcode'),
    unique: field(id64le, 'goes back with the answer'),
    nodeid: field(u64le, 'as an earlier answer named the node'),
    uid: field(u32le),
    gid: field(u32le),
    pid: field(u32le),
    totalExtlen: field(u16le),
    padding: field(u16le),
  },
);
export type InHeader = ValueOf<typeof InHeader.fields>;

export const OutHeader = struct(
  { name: 'OutHeader', size: 16, spec: `${spec}, fuse_out_header` },
  {
    len: field(u32le, 'bytes of the whole answer'),
    error: field(i32le, 'zero or a negative errno'),
    unique: field(id64le),
  },
);

/** What kernels of any version send at least. */
export const InitIn = struct(
  { name: 'InitIn', size: 16, spec: `${spec}, fuse_init_in` },
  {
    major: field(u32le),
    minor: field(u32le),
    maxReadahead: field(u32le, 'bytes'),
    flags: field(u32le, 'see InitFlag'),
  },
);

export const InitOut = struct(
  { name: 'InitOut', size: 64, spec: `${spec}, fuse_init_out` },
  {
    major: field(u32le),
    minor: field(u32le),
    maxReadahead: field(u32le, 'bytes'),
    flags: field(u32le),
    maxBackground: field(u16le, 'requests of readahead that may be under way'),
    congestionThreshold: field(u16le),
    maxWrite: field(u32le, 'bytes; a read of the device needs room for one such write'),
    timeGran: field(u32le, 'nanoseconds'),
    maxPages: field(u16le, 'pages in one request'),
    mapAlignment: field(u16le),
    flags2: field(u32le),
    unused: field(bytes(28)),
  },
);

export const Attr = struct(
  { name: 'Attr', size: 88, spec: `${spec}, fuse_attr` },
  {
    ino: field(u64le),
    size: field(u64le),
    blocks: field(u64le, '512 bytes each'),
    atime: field(id64le, "seconds since 1970, two's complement"),
    mtime: field(id64le),
    ctime: field(id64le),
    atimensec: field(u32le),
    mtimensec: field(u32le),
    ctimensec: field(u32le),
    mode: field(u32le),
    nlink: field(u32le),
    uid: field(u32le),
    gid: field(u32le),
    rdev: field(u32le),
    blksize: field(u32le),
    flags: field(u32le),
  },
);
export type Attr = ValueOf<typeof Attr.fields>;

export const EntryOut = struct(
  { name: 'EntryOut', size: 128, spec: `${spec}, fuse_entry_out` },
  {
    nodeid: field(u64le, 'zero: there is no such name'),
    generation: field(u64le),
    entryValid: field(u64le, 'seconds that the name may be remembered'),
    attrValid: field(u64le),
    entryValidNsec: field(u32le),
    attrValidNsec: field(u32le),
    attr: field(nested(Attr)),
  },
);

export const AttrOut = struct(
  { name: 'AttrOut', size: 104, spec: `${spec}, fuse_attr_out` },
  {
    attrValid: field(u64le),
    attrValidNsec: field(u32le),
    dummy: field(u32le),
    attr: field(nested(Attr)),
  },
);

export const ReadIn = struct(
  { name: 'ReadIn', size: 40, spec: `${spec}, fuse_read_in; of READDIR and READDIRPLUS as well` },
  {
    fh: field(id64le),
    offset: field(u64le),
    size: field(u32le, 'bytes that the answer may have'),
    readFlags: field(u32le),
    lockOwner: field(id64le),
    flags: field(u32le),
    padding: field(u32le),
  },
);

export const ForgetIn = struct(
  { name: 'ForgetIn', size: 8, spec: `${spec}, fuse_forget_in` },
  {
    nlookup: field(u64le, 'answers that named the node and are forgotten now'),
  },
);

export const BatchForgetIn = struct(
  { name: 'BatchForgetIn', size: 8, spec: `${spec}, fuse_batch_forget_in` },
  {
    count: field(u32le),
    dummy: field(u32le),
  },
);

export const ForgetOne = struct(
  { name: 'ForgetOne', size: 16, spec: `${spec}, fuse_forget_one` },
  {
    nodeid: field(u64le),
    nlookup: field(u64le),
  },
);

export const GetxattrIn = struct(
  { name: 'GetxattrIn', size: 8, spec: `${spec}, fuse_getxattr_in; of LISTXATTR as well` },
  {
    size: field(u32le, 'bytes that there is room for; zero asks how many there are'),
    padding: field(u32le),
  },
);

export const GetxattrOut = struct(
  { name: 'GetxattrOut', size: 8, spec: `${spec}, fuse_getxattr_out` },
  {
    size: field(u32le),
    padding: field(u32le),
  },
);

/** What stands before a name in a directory, which is padded to 8 bytes. */
export const Dirent = struct(
  { name: 'Dirent', size: 24, spec: `${spec}, fuse_dirent` },
  {
    ino: field(u64le),
    off: field(u64le, 'where the next one is asked for'),
    namelen: field(u32le),
    type: field(u32le, "the mode's type, 12 bits down"),
  },
);

export const StatfsOut = struct(
  { name: 'StatfsOut', size: 80, spec: `${spec}, fuse_kstatfs` },
  {
    blocks: field(u64le),
    bfree: field(u64le),
    bavail: field(u64le),
    files: field(u64le),
    ffree: field(u64le),
    bsize: field(u32le),
    namelen: field(u32le),
    frsize: field(u32le),
    padding: field(u32le),
    spare: field(bytes(24)),
  },
);
