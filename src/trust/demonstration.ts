/**
 * The keys of `keys.example/`, whose private key is public. They are known here only to be called what they are; nothing trusts
 * them unless it is told to (seal-rules 9).
 */

/** SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal: of the root and of the publisher. */
export const DEMONSTRATION_KEYS: ReadonlySet<string> = new Set([
  '5db5c2175a54ddada16c69eeb455d587dae2253649e560b5730763aa615e944e',
  'e4038ef981c6d548d6561ab2f3fbc70d48723ed5780c8832c1fb59730dddc80a',
]);
