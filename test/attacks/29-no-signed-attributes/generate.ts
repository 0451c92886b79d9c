import { parseSignedData } from '../../../src/pki/cms.ts';
import { cms } from '../../support/attacked-image.ts';
import { at, type Node } from '../../support/der-tree.ts';
import type { Cases } from '../kit.ts';
import { leaf, reformed, signAnyhow, signedAnew, signerInfo } from '../kit.ts';

function forge(top: Node): void {
  at(top, 1, 0, 2, 1, 0).content = parseSignedData(cms()).signers[0].signedAttributes;
  signerInfo(top).children.splice(3, 1);
}

export const cases: Cases = {
  'the signed attributes as content, and none beside': () => reformed(forge),
  none: () => reformed((top) => void signerInfo(top).children.splice(3, 1)),
  'another digest of the content': () =>
    signedAnew((content) =>
      signAnyhow(content, leaf, {}, { certificates: [leaf.bytes] }).map((octet, index, all) =>
        index === all.length - 1 ? octet ^ 1 : octet,
      ),
    ),
};
