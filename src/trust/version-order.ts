/**
 * Which of two releases is the newer one. Source: Semantic Versioning 2.0.0 section 11, and seal-format.md section 9: a build number
 * decides where both have one, else the precedence of the versions; never a clock.
 *
 * Wider than semver: one to four numbers, of which missing ones are 0, and leading zeros, so that `1.2` and `2026.01.31` have an order.
 * A version of another form has none, except that it equals itself.
 */

export interface Release {
  readonly version: string;
  readonly build?: number | undefined;
}

/** Negative, zero or positive, as the left is older, equal or newer; undefined when nothing says so. */
export function compareReleases(left: Release, right: Release): number | undefined {
  if (left.build !== undefined && right.build !== undefined) return Math.sign(left.build - right.build);
  return compareVersions(left.version, right.version);
}

export function compareVersions(left: string, right: string): number | undefined {
  const [one, other] = [parse(left), parse(right)];
  if (!one || !other) return left === right ? 0 : undefined;
  return compareLists(one.numbers, other.numbers, compareNumbers) || comparePrereleases(one.prerelease, other.prerelease);
}

/** Whether it has a place in the order at all. */
export function isOrdered(version: string): boolean {
  return parse(version) !== undefined;
}

interface Version {
  /** Decimal digits without leading zeros. */
  readonly numbers: readonly string[];
  readonly prerelease: readonly string[];
}

// Build metadata after "+" has no part in the order (section 10).
const FORM = /^v?(\d+(?:\.\d+){0,3})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?$/;

function parse(text: string): Version | undefined {
  const match = text.length <= 255 ? FORM.exec(text) : null;
  if (!match) return undefined;
  const numbers = match[1]!.split('.').map(canonicalNumber);
  while (numbers.length < 4) numbers.push('0');
  return { numbers, prerelease: match[2]?.split('.') ?? [] };
}

function canonicalNumber(digits: string): string {
  return digits.replace(/^0+(?=\d)/, '');
}

/** Of any length: no number type is in the way. */
function compareNumbers(left: string, right: string): number {
  return Math.sign(left.length - right.length) || compareTexts(left, right);
}

/** Section 11.4.2: by ASCII. */
function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** 11.3: a prerelease comes before its release. */
function comparePrereleases(left: readonly string[], right: readonly string[]): number {
  if (left.length === 0 || right.length === 0) return Math.sign(right.length - left.length);
  return compareLists(left, right, compareIdentifiers);
}

/** 11.4: numbers by value and before texts. */
function compareIdentifiers(left: string, right: string): number {
  const [one, other] = [/^\d+$/.test(left), /^\d+$/.test(right)];
  if (one && other) return compareNumbers(canonicalNumber(left), canonicalNumber(right));
  return one === other ? compareTexts(left, right) : one ? -1 : 1;
}

/** 11.4.4: of two lists that begin alike the longer one is the newer. */
function compareLists(left: readonly string[], right: readonly string[], compare: (left: string, right: string) => number): number {
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const order = compare(left[at]!, right[at]!);
    if (order !== 0) return order;
  }
  return Math.sign(left.length - right.length);
}
