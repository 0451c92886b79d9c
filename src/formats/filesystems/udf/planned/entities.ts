/** Who made the volume and by which rules, in the forms that descriptors hold. Source: UDF 2.01 2.1.2, 2.1.5. */
import type { ValueOf } from '../../../../core/struct.ts';
import type { EntityId } from '../structs.ts';

/** 1.02 is what a bridge with ISO 9660 has, 2.01 what stands alone. As in the specification's name, hexadecimal. */
export type Revision = 0x0102 | 0x0201;

type Entity = ValueOf<typeof EntityId.fields>;

function entity(identifier: string, suffix: readonly number[] = []): Entity {
  const name = new Uint8Array(23);
  name.set(new TextEncoder().encode(identifier));
  const end = new Uint8Array(8);
  end.set(suffix);
  return { flags: 0, identifier: name, suffix: end };
}

const WRITE_PROTECTED = 3;

export const IMPLEMENTATION = entity('*diskseal');

export function domain(revision: Revision): Entity {
  return entity('*OSTA UDF Compliant', [revision & 0xff, revision >> 8, WRITE_PROTECTED]);
}

export function volumeInformation(revision: Revision): Entity {
  return entity('*UDF LV Info', [revision & 0xff, revision >> 8]);
}

export function partitionContents(revision: Revision): Entity {
  return entity(revision === 0x0102 ? '+NSR02' : '+NSR03');
}

/** The version of every descriptor's tag. */
export function tagVersion(revision: Revision): number {
  return revision === 0x0102 ? 2 : 3;
}

/** The character set of all texts: OSTA CS0. */
export const CHARSET = ((): Uint8Array => {
  const field = new Uint8Array(64);
  field.set(new TextEncoder().encode('OSTA Compressed Unicode'), 1);
  return field;
})();
