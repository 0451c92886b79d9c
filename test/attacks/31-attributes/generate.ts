import * as der from '../../../src/pki/der-write.ts';
import { at, type Node, treeOf } from '../../support/der-tree.ts';
import type { Cases } from '../kit.ts';
import { reformed, signerInfo } from '../kit.ts';

const unknown = (): Node => treeOf(der.setOf([der.sequence(der.oid('1.2.3.4'), der.setOf([der.nullValue()]))], 0xa1));

function twice(top: Node): void {
  const { children } = at(signerInfo(top), 3);
  children.splice(1, 0, children[0]);
}

export const cases: Cases = {
  'an attribute that nobody knows, unsigned': () => reformed((top) => void signerInfo(top).children.push(unknown())),
  'a signed attribute twice': () => reformed(twice),
};
