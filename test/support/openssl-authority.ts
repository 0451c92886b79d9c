/** A small certificate authority run by the openssl command line: it issues, revokes, publishes lists and answers by OCSP. */
import { KEY_OPTIONS, type Workbench, workbench } from './openssl.ts';

export interface Revoked {
  /** Name of a certificate that was issued here. */
  name: string;
  /** Unix seconds. */
  date: number;
  /** As openssl writes it in its database: `superseded`, or `keyTime,20260101000000Z` for a compromise with a date. */
  reason?: string;
}

export interface OpensslAuthority extends Workbench {
  /** Issues a certificate for a new key. @param extensions - lines of an extension section @returns the name of its file */
  issue(name: string, extensions: string, options?: { issuer?: string; expired?: boolean; kind?: keyof typeof KEY_OPTIONS }): string;
  /** Makes a revocation list in PEM. @param extensions - lines of the section of extensions; empty for a list of version 1 */
  list(name: string, revoked: readonly Revoked[], options?: { extensions?: string; arguments?: string[]; issuer?: string }): Uint8Array;
  /** Answers a request of ours for one certificate. */
  answer(
    request: Uint8Array,
    revoked: readonly Revoked[],
    options: { signer: string; known: readonly string[]; arguments?: string[] },
  ): Uint8Array;
}

export const AUTHORITY =
  'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid';
export const SIGNER =
  'keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid';
export const RESPONDER =
  'keyUsage=critical,digitalSignature\nextendedKeyUsage=OCSPSigning\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid';

/** Everything is valid for a year from now. The root is `root`. */
export function opensslAuthority(kind: keyof typeof KEY_OPTIONS): OpensslAuthority {
  const bench = workbench();
  const subject = (name: string): string => `/CN=${name}`;
  const issue: OpensslAuthority['issue'] = (name, extensions, { issuer = 'root', expired = false, kind: own = kind } = {}) => {
    bench.openssl('genpkey', ...KEY_OPTIONS[own], '-out', `${name}.key`);
    bench.openssl('req', '-new', '-key', `${name}.key`, '-subj', subject(name), '-out', `${name}.csr`);
    bench.write(`${name}.ext`, extensions);
    const signer = issuer === name ? ['-signkey', `${name}.key`] : ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial'];
    const files = ['-in', `${name}.csr`, '-extfile', `${name}.ext`, '-out', `${name}.pem`];
    if (!expired) bench.openssl('x509', '-req', '-sha256', '-days', '365', ...signer, ...files);
    else {
      // Only `openssl ca` can choose both dates.
      bench.write('index.txt', '');
      bench.write('old.cnf', OLD);
      const keys = ['-cert', `${issuer}.pem`, '-keyfile', `${issuer}.key`];
      bench.openssl(
        'ca',
        '-batch',
        '-notext',
        '-config',
        'old.cnf',
        '-startdate',
        '20240101000000Z',
        '-enddate',
        '20250101000000Z',
        ...keys,
        ...files,
      );
    }
    return `${name}.pem`;
  };
  issue('root', AUTHORITY, { issuer: 'root' });
  const database = (revoked: readonly Revoked[], known: readonly string[]): string => {
    const lines = known.map((name) => {
      const serial = bench.openssl('x509', '-in', `${name}.pem`, '-noout', '-serial').toString().trim().slice('serial='.length);
      const found = revoked.find((one) => one.name === name);
      const when = found ? `${stamp(found.date)}${found.reason ? `,${found.reason}` : ''}` : '';
      return [found ? 'R' : 'V', '391231235959Z', when, serial, 'unknown', subject(name)].join('\t');
    });
    bench.write('index.txt.attr', 'unique_subject = no\n');
    return bench.write('index.txt', lines.map((line) => `${line}\n`).join(''));
  };
  return {
    ...bench,
    issue,
    list(name, revoked, { extensions = 'authorityKeyIdentifier=keyid', arguments: more = ['-crldays', '7'], issuer = 'root' } = {}) {
      database(
        revoked,
        revoked.map((one) => one.name),
      );
      bench.write('crlnumber', '1000\n');
      const version2 = extensions === '' ? '' : 'crlnumber = crlnumber\ncrl_extensions = crl_ext\n';
      const config = `[ca]\ndefault_ca = d\n[d]\ndatabase = index.txt\ndefault_md = sha256\n${version2}[crl_ext]\n${extensions}\n`;
      bench.write('ca.cnf', config);
      bench.openssl('ca', '-config', 'ca.cnf', '-gencrl', '-cert', `${issuer}.pem`, '-keyfile', `${issuer}.key`, ...more, '-out', name);
      return bench.read(name);
    },
    answer(request, revoked, { signer, known, arguments: more = ['-ndays', '7'] }) {
      database(revoked, known);
      bench.write('request.der', request);
      const names = ['-rsigner', `${signer}.pem`, '-rkey', `${signer}.key`, '-CA', 'root.pem'];
      bench.openssl('ocsp', '-index', 'index.txt', ...names, '-reqin', 'request.der', '-respout', 'response.der', ...more);
      return bench.read('response.der');
    },
  };
}

const OLD =
  '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nrand_serial=yes\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n';

function stamp(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`;
}
