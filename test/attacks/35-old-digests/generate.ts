import * as der from '../../../src/pki/der-write.ts';
import { OID } from '../../../src/pki/oids.ts';
import { at, type Node, nodesOf, treeOf } from '../../support/der-tree.ts';
import type { Cases } from '../kit.ts';
import { certified, reformed, SUBJECT, sealedBy } from '../kit.ts';

/** Everywhere, so that the algorithms that are signed say the same. */
function exchange(top: Node, from: string, to: string): void {
  const old = treeOf(der.oid(from)).content;
  for (const node of nodesOf(top))
    if (node.tag === 6 && Buffer.compare(node.content, old) === 0) node.content = treeOf(der.oid(to)).content;
}

export const cases: Cases = {
  'SHA-1 as the digest': () => reformed((top) => exchange(top, OID.sha256, '1.3.14.3.2.26')),
  'MD5 as the digest': () => reformed((top) => exchange(top, OID.sha256, '1.2.840.113549.2.5')),
  'SHA-1 in the signature': () => reformed((top) => exchange(at(top, 1, 0, 4), OID.ecdsaWithSha256, '1.2.840.10045.4.1')),
  'SHA-1 in a certificate of the path': () => sealedBy(certified(SUBJECT, { algorithm: der.sequence(der.oid('1.2.840.10045.4.1')) })),
};
