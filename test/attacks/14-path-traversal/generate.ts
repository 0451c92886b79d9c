import { ascii, signed } from '../../support/attacked-image.ts';
import type { Cases } from '../kit.ts';

const listing = (path: string) => signed({}, { content: ascii(`l 0777 - - ${path}\tx\n`) });

export const cases: Cases = {
  'an entry above': () => listing('../x'),
  'an entry above, further in': () => listing('a/../../x'),
  'an entry that is absolute': () => listing('/etc/passwd'),
  'an entry of no name': () => listing('a//b'),
  'an entry of itself': () => listing('.'),
};
