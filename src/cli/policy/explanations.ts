/** What `verify --explain` says about each check: why it is made, and what its failure would mean. */
const EXPLANATIONS: Readonly<Record<string, string>> = {
  seal: 'the seal has one place in each kind of image, and everything outside it must be covered: nothing can be added unseen',
  size: 'the file must end where the signed image ends: what follows was not signed',
  embedded: 'a seal inside the image and one beside it must both be right, and say the same',
  apple: 'an Apple code signature may follow the seal; it is judged by itself, and never stands in for the publisher',
  signature: 'the CMS message must be strictly formed and its signature right, before anything that it says is believed',
  path: 'each certificate up to one that you trust must be valid, allowed to sign code, and issued by the next',
  publisher: 'a root vouches for many: the publisher is the one you named with --publisher, or whose own certificate you trust',
  revocation: 'who issued a certificate may take it back: CRLs and OCSP responses in the seal, or given with --revocation-data, say so',
  cosignature: 'as many publishers as required must have signed, each with a key of its own: one that was taken off is missed',
  clock: 'what a wrong clock would let pass is judged at the latest time that is known to have passed',
  product: 'a good image of another product, channel, platform, architecture or format is not the one that you asked for',
  version: 'an old image is still rightly signed: this is the least version or build that you accept',
  downgrade: 'releases seen before are remembered, so that nobody can pass off an older one, or another one under the same version',
  timestamp: 'proof of a time by a third party lets a signature outlive its certificate',
  statement: 'what was signed: which product and version this is, and which bytes are covered; it must agree with the image',
  area: 'the inventories must be the signed ones, and what is unused in the seal must be zero: nothing hides in it',
  leaves: 'the table of chunk hashes must give the signed root: it lets single chunks be checked while they are read',
  content: 'every byte was read: tree and flat digest must be the signed ones',
  inventory: 'the list of files as the publisher states it',
  volume: 'every file of the volume was read and compared with the inventory: name, type, mode, size and SHA-256',
};

export function explanationOf(check: string): string {
  return EXPLANATIONS[check] ?? 'one of the conditions that all must hold';
}
