import { describe, expect, test } from 'vitest';
import * as der from '../../src/pki/der-write.ts';
import { OID } from '../../src/pki/oids.ts';
import { comparisonBudget, constraintFault } from '../../src/trust/name-constraints.ts';
import { extension, makeCertificate, nameOf, testKey } from '../support/certificates.ts';

const key = testKey('p256');
const ascii = (tag: number, text: string): Uint8Array => der.element(tag, new TextEncoder().encode(text));
const email = (text: string): Uint8Array => ascii(0x81, text);
const dns = (text: string): Uint8Array => ascii(0x82, text);
const uri = (text: string): Uint8Array => ascii(0x86, text);
const ip = (...octets: number[]): Uint8Array => der.element(0x87, Uint8Array.from(octets));
/** An address of 128 bits that begins so. */
const six = (...octets: number[]): number[] => [...octets, ...Array<number>(16 - octets.length).fill(0)];
const directory = (name: Uint8Array): Uint8Array => der.explicit(4, name);
const other = der.element(0xa0, der.oid('1.2.3'), der.explicit(0, der.nullValue()));
const cn = (text: string, string = der.utf8String): Uint8Array =>
  der.sequence(der.setOf([der.sequence(der.oid(OID.commonName), string(text))]));

interface Bases {
  permitted?: Uint8Array[];
  excluded?: Uint8Array[];
}

/** The verdict on a certificate with these names under an authority with these constraints. */
function judge({ permitted = [], excluded = [] }: Bases, names: Uint8Array[], subject: string | Uint8Array = 'CN=x'): string | undefined {
  const subtrees = (number: number, bases: Uint8Array[]): Uint8Array[] =>
    bases.length > 0 ? [der.explicit(number, ...bases.map((base) => der.sequence(base)))] : [];
  const constraints = extension(OID.nameConstraints, der.sequence(...subtrees(0, permitted), ...subtrees(1, excluded)), true);
  const authority = makeCertificate({ subject: 'CN=CA', key, ca: true, extensions: { x: constraints } }).certificate;
  const san = names.length > 0 ? { x: extension(OID.subjectAltName, der.sequence(...names)) } : {};
  const { certificate } = makeCertificate({ subject, key, extensions: san });
  return constraintFault(authority.extensions.nameConstraints!, certificate, comparisonBudget());
}

const both = (base: Uint8Array, name: Uint8Array): [permitted: boolean, excluded: boolean] => [
  judge({ permitted: [base] }, [name]) === undefined,
  judge({ excluded: [base] }, [name]) !== undefined,
];

describe('within and not within', () => {
  test.each<[string, Uint8Array, Uint8Array, boolean]>([
    ['the same host', dns('example.com'), dns('example.com'), true],
    ['a host below', dns('example.com'), dns('a.b.example.com'), true],
    ['other case', dns('EXAMPLE.com'), dns('example.COM'), true],
    ['only the same ending', dns('example.com'), dns('badexample.com'), false],
    ['the parent', dns('a.example.com'), dns('example.com'), false],
    ['every host', dns(''), dns('example.com'), true],
    ['a wildcard below', dns('example.com'), dns('*.example.com'), true],
    ['a mailbox itself', email('me@example.com'), email('me@example.com'), true],
    ['another mailbox', email('me@example.com'), email('you@example.com'), false],
    ['the same mailbox elsewhere', email('me@example.com'), email('me@example.org'), false],
    ['the mailboxes of a host', email('example.com'), email('me@example.com'), true],
    ['a mailbox of a host below', email('example.com'), email('me@a.example.com'), false],
    ['the hosts of a domain', email('.example.com'), email('me@a.example.com'), true],
    ['the domain itself', email('.example.com'), email('me@example.com'), false],
    ['a URI of a host', uri('example.com'), uri('https://me@example.com:8080/x'), true],
    ['a URI of a host below', uri('example.com'), uri('https://a.example.com/'), false],
    ['a URI of a domain', uri('.example.com'), uri('https://a.example.com?x'), true],
    ['a URI that only names the host', uri('example.com'), uri('https://evil.org/example.com'), false],
    ['a URI with the host as user', uri('example.com'), uri('https://example.com@evil.org/'), false],
    ['an address', ip(192, 0, 2, 0, 255, 255, 255, 0), ip(192, 0, 2, 77), true],
    ['another network', ip(192, 0, 2, 0, 255, 255, 255, 0), ip(192, 0, 3, 77), false],
    ['an address of 128 bits', ip(...six(0x20, 0x01), ...six(0xff, 0xff)), ip(...six(0x20, 0x01, 7)), true],
    ['another network of 128 bits', ip(...six(0x20, 0x01), ...six(0xff, 0xff)), ip(...six(0x20, 0x02)), false],
    ['an address of the other family', ip(0, 0, 0, 0, 0, 0, 0, 0), ip(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), false],
    ['a name below', directory(nameOf('O=a')), directory(nameOf('O=a,CN=b')), true],
    ['a host in the user part of a mailbox', email('example.com'), email('example.com@evil.org'), false],
    ['a domain that only ends alike', email('.example.com'), email('me@badexample.com'), false],
    ['a URI with nothing after the host', uri('example.com'), uri('https://example.com'), true],
    ['a URI whose host goes on', uri('example.com'), uri('https://example.com.evil.org'), false],
    ['other case in a URI', uri('EXAMPLE.com'), uri('https://Example.COM/'), true],
    ['a network of 12 bits', ip(10, 16, 0, 0, 255, 240, 0, 0), ip(10, 31, 9, 9), true],
    ['beyond a network of 12 bits', ip(10, 16, 0, 0, 255, 240, 0, 0), ip(10, 32, 0, 0), false],
    ['the same name', directory(nameOf('O=a,CN=b')), directory(nameOf('O=a,CN=b')), true],
    ['a name of fewer parts', directory(nameOf('O=a,CN=b')), directory(nameOf('O=a')), false],
    ['a name with another first part', directory(nameOf('O=a,CN=b')), directory(nameOf('O=x,CN=b')), false],
    ['a name beside', directory(nameOf('O=a')), directory(nameOf('CN=b,O=a')), false],
  ])('%s', (_, base, name, within) => {
    // A constraint on directory names also meets the subject, CN=x.
    const [permitted, excluded] = both(base, name);
    if (base[0] !== 0xa4) expect(permitted).toBe(within);
    expect(excluded).toBe(within);
  });

  test('where there is doubt, both answers refuse', () => {
    expect(both(dns('a.example.com'), dns('*.example.com'))).toEqual([false, true]);
    expect(both(dns('b.a.example.com'), dns('*.example.com'))).toEqual([false, true]);
    expect(both(email('Me@example.com'), email('me@example.com'))).toEqual([false, true]);
    expect(both(uri('example.com'), uri('urn:x'))).toEqual([false, true]);
    expect(both(uri('.example.com'), uri('urn:x'))).toEqual([false, true]);
    expect(both(uri('example.com'), uri('https://[::1]/'))).toEqual([false, true]);
    expect(both(other, other)).toEqual([false, true]);
  });

  test('any one of several constraints permits, any one excludes', () => {
    const [first, second] = [dns('example.com'), dns('example.org')];
    expect(judge({ permitted: [first, second] }, [dns('a.example.org')])).toBeUndefined();
    expect(judge({ permitted: [first, second] }, [dns('a.example.net')])).toBe('the name a.example.net is not permitted');
    expect(judge({ excluded: [first, second] }, [dns('a.example.org')])).toBe('the name a.example.org is excluded');
    expect(judge({ permitted: [first] }, [dns('example.com'), dns('example.net')])).toMatch(/example.net is not permitted/);
  });

  test('names are told so that they can be printed', () => {
    expect(judge({ excluded: [directory(nameOf('O=a'))] }, [], 'O=a,CN=b')).toBe('the name CN=b,O=a is excluded');
    expect(judge({ excluded: [ip(192, 0, 2, 0, 255, 255, 255, 0)] }, [ip(192, 0, 2, 1)])).toBe('the name of the form ip is excluded');
    const wide = der.sequence(der.setOf([der.sequence(der.oid(OID.emailAddress), der.utf8String('m\u00e9@example.com'))]));
    expect(judge({ excluded: [email('example.com')] }, [], wide)).toBe('the name m?@example.com is excluded');
  });

  test('an excluded part of several values is met by all of them and no fewer', () => {
    const rdn = (...texts: [string, string][]): Uint8Array =>
      der.sequence(der.setOf(texts.map(([type, text]) => der.sequence(der.oid(type), der.utf8String(text)))));
    const [cn, ou] = [OID.commonName, OID.organizationalUnitName];
    const base = directory(rdn([cn, 'a'], [ou, 'b']));
    expect(judge({ excluded: [base] }, [], rdn([cn, 'A'], [ou, 'B']))).toMatch(/excluded/);
    expect(judge({ excluded: [base] }, [], rdn([cn, 'A'], [ou, 'x']))).toBeUndefined();
    expect(judge({ excluded: [base] }, [], rdn([cn, 'b'], [ou, 'a']))).toBeUndefined();
    expect(judge({ excluded: [directory(rdn([cn, 'a']))] }, [], rdn([cn, 'a'], [ou, 'b']))).toMatch(/excluded/);
    expect(judge({ excluded: [directory(rdn([cn, 'a']))] }, [], rdn([ou, 'a']))).toBeUndefined();
  });

  test('letters that fold only one way', () => {
    expect(judge({ excluded: [directory(cn('stra\u00dfe'))] }, [], cn('STRASSE'))).toMatch(/excluded/);
    expect(judge({ excluded: [directory(cn('\u017fet'))] }, [], cn('SET'))).toMatch(/excluded/);
  });

  test('a name of a form that no constraint speaks of is free', () => {
    expect(both(dns('example.com'), email('me@other.org'))).toEqual([true, false]);
    expect(judge({ excluded: [other] }, [dns('example.com')])).toBeUndefined();
  });
});

describe('the subject', () => {
  test('must be permitted byte by byte, is excluded however it is spelled', () => {
    expect(judge({ permitted: [directory(nameOf('O=Good'))] }, [], 'O=Good,CN=x')).toBeUndefined();
    expect(judge({ permitted: [directory(nameOf('O=Good'))] }, [], 'O=GOOD,CN=x')).toMatch(/not permitted/);
    expect(judge({ permitted: [directory(cn('x', der.printableString))] }, [], cn('x'))).toMatch(/not permitted/);
    for (const spelled of ['Bad Co', 'BAD  CO', ' bad co ', '\u{1d401}ad Co', 'Bad\u200b Co']) {
      expect(judge({ excluded: [directory(cn('Bad Co', der.printableString))] }, [], cn(spelled)), spelled).toMatch(/excluded/);
    }
    expect(judge({ excluded: [directory(cn('Bad Co'))] }, [], cn('Good Co'))).toBeUndefined();
    const teletex = der.sequence(der.setOf([der.sequence(der.oid(OID.commonName), der.element(0x14, Uint8Array.of(66)))]));
    expect(judge({ excluded: [directory(cn('Bad Co'))] }, [], teletex)).toMatch(/excluded/);
    expect(judge({ excluded: [directory(teletex)] }, [], cn('Good Co'))).toMatch(/excluded/);
  });

  test('a mailbox in the subject counts as a mailbox', () => {
    const subject = der.sequence(der.setOf([der.sequence(der.oid(OID.emailAddress), der.ia5String('me@example.com'))]));
    expect(judge({ excluded: [email('example.com')] }, [], subject)).toMatch(/excluded/);
    expect(judge({ permitted: [email('example.org')] }, [], subject)).toMatch(/not permitted/);
  });

  test.each([
    ['in characters of no known meaning', der.element(0x14, new TextEncoder().encode('me@example.com'))],
    ['in wide letters', der.utf8String('me＠ｅｘａｍｐｌｅ.com')],
    ['without a host', der.ia5String('me')],
    ['that is a host', der.ia5String('example.com')],
    ['that is no text', der.integer(5)],
  ])('a mailbox in the subject %s is excluded by any exclusion and permitted by none', (_, value) => {
    const subject = der.sequence(der.setOf([der.sequence(der.oid(OID.emailAddress), value)]));
    expect(judge({ excluded: [email('example.com')] }, [], subject)).toMatch(/excluded/);
    expect(judge({ permitted: [email('example.com')] }, [], subject)).toMatch(/not permitted/);
    expect(judge({ excluded: [dns('example.com')] }, [], subject)).toBeUndefined();
  });

  test('an empty subject is no name', () => {
    expect(judge({ permitted: [directory(nameOf('O=Good'))] }, [dns('example.com')], '')).toBeUndefined();
  });
});

describe('constraints that mean nothing refuse everything', () => {
  test.each<[string, Uint8Array]>([
    ['a wildcard', dns('*.example.com')],
    ['a leading period', dns('.example.com')],
    ['two at signs', email('a@b@example.com')],
    ['no mailbox name', email('@example.com')],
    ['a URI', uri('https://example.com')],
    ['an address without mask', ip(192, 0, 2, 1)],
    ['a mask with holes', ip(192, 0, 2, 0, 255, 0, 255, 0)],
    ['a mask with a hole in an octet', ip(192, 0, 2, 0, 255, 255, 15, 0)],
    ['a mailbox constraint with an empty label', email('example..com')],
    ['a URI constraint with an empty label', uri('example..com')],
    ['a mask of five octets', ip(1, 2, 3, 4, 5, 255, 255, 255, 255, 255)],
  ])('%s', (_, base) => {
    expect(judge({ excluded: [base] }, [])).toMatch(/name constraint that is no/);
    expect(judge({ permitted: [base] }, [])).toMatch(/name constraint that is no/);
  });

  test('a good one before a malformed one does not hide it', () => {
    expect(judge({ permitted: [dns('example.com')], excluded: [dns('*.example.com')] }, [])).toBe('a name constraint that is no host name');
  });

  test('the work is bounded', () => {
    const many = Array.from({ length: 900 }, (_, index) => dns(`h${index}.example.com`));
    expect(judge({ excluded: many.slice(0, 10) }, many)).toMatch(/excluded/);
    const began = performance.now();
    expect(judge({ excluded: many }, many)).toBe('too many name constraints');
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});
