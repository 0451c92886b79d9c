/**
 * Names from an image as names of this host. A name that the host would read as something else (a way up, a device, a
 * stream) is refused, never repaired: a repaired name could meet another one.
 * Sources: POSIX.1-2024 3.254 (filename); Microsoft, "Naming Files, Paths, and Namespaces".
 */

export type HostSystem = NodeJS.Platform;

/** Reserved with or without an extension, and with superscript digits. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])[ ]*(?:\.|:|$)/i;

/** @returns why the host cannot have a file of this name, or nothing */
export function nameProblem(name: string, system: HostSystem): string | undefined {
  if (name === '') return 'it is empty';
  if (name === '.' || name === '..') return 'it leads out of its folder';
  if (name.includes('/')) return 'it holds a slash';
  if (name.includes('\0')) return 'it holds a NUL';
  return system === 'win32' ? windowsProblem(name) : undefined;
}

function windowsProblem(name: string): string | undefined {
  if (DEVICE.test(name)) return 'Windows keeps it for a device';
  if (name.includes(':')) return 'a colon names a stream or a drive on Windows';
  if (/[<>"|?*\\]/.test(name)) return 'it holds a character that Windows does not allow';
  // oxlint-disable-next-line no-control-regex
  if (/[\u0001-\u001f]/.test(name)) return 'it holds a control character';
  if (/[ .]$/.test(name)) return 'Windows drops a space or a point at the end';
  return undefined;
}

/**
 * The name under which a host that does not tell cases or normal forms apart files it; near enough to name both sides of a
 * collision. The refusal itself does not hang on it: every file is created with O_EXCL.
 */
export function foldedName(name: string): string {
  return name.normalize('NFD').toUpperCase().toLowerCase().normalize('NFD');
}
