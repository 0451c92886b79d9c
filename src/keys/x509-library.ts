/**
 * The one place that loads @peculiar/x509: it needs reflect-metadata before it, and a provider of Web Crypto. Used to make
 * certificates, never to judge them. Imported lazily, since most runs make none.
 */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

export { x509 };
