import * as der from '../../../src/pki/der-write.ts';
import { OID } from '../../../src/pki/oids.ts';
import { at, type Node, treeOf } from '../../support/der-tree.ts';
import type { Cases } from '../kit.ts';
import { reformed, signerInfo } from '../kit.ts';

function renamed(node: Node, oid: string): void {
  node.content = treeOf(der.oid(oid)).content;
}

export const cases: Cases = {
  'another digest in the SignerInfo': () => reformed((top) => renamed(at(signerInfo(top), 2, 0), OID.sha512)),
  'a NULL parameter beside ECDSA': () => reformed((top) => void at(signerInfo(top), 4).children.push(treeOf(der.nullValue()))),
  'RSA named, ECDSA signed': () => reformed((top) => renamed(at(signerInfo(top), 4, 0), OID.sha256WithRsaEncryption)),
};
