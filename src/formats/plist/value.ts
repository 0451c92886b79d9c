/** The values of a property list. An integer is a bigint and a real a number, so that a list can be written as it was read. */
export type PlistValue = string | boolean | bigint | number | Date | Uint8Array | PlistArray | PlistDict;
export interface PlistArray extends ReadonlyArray<PlistValue> {}
/** In the order of the document; keys are distinct. */
export interface PlistDict extends ReadonlyMap<string, PlistValue> {}

export const isDict = (value: PlistValue | undefined): value is PlistDict => value instanceof Map;
export const isArray = (value: PlistValue | undefined): value is PlistArray => Array.isArray(value);
