/**
 * Every command as data: arguments, options, help, exit codes, and where its code is; in the order in which the help lists them.
 * The code is imported only when the command runs, so that `--help` costs next to nothing.
 */
import { ABOUT } from './about.ts';
import type { CommandDeclaration } from './declaration.ts';
import { DEVICES } from './devices.ts';
import { MAKING } from './making.ts';
import { OPENING } from './opening.ts';
import { VERIFY } from './verify.ts';

export const COMMANDS: readonly CommandDeclaration[] = [
  ...MAKING,
  { ...VERIFY, load: () => import('../commands/verify.ts') },
  ...OPENING,
  ...DEVICES,
  ...ABOUT,
];
