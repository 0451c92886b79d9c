/** `openssl ts` as a timestamp authority behind an HTTP server, and a server that answers whatever a test wants. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Workbench } from './openssl.ts';
import type { TestAuthority } from './timestamp-authority.ts';

export interface Answer {
  readonly status?: number;
  readonly type?: string;
  readonly body: Uint8Array;
}

export interface TestServer {
  readonly url: string;
  /** The bodies of the questions so far. */
  readonly questions: Uint8Array[];
  close(): Promise<void>;
}

export async function serve(answer: (question: Uint8Array) => Answer): Promise<TestServer> {
  const questions: Uint8Array[] = [];
  const server: Server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const question = new Uint8Array(Buffer.concat(pieces));
      questions.push(question);
      const { status = 200, type = 'application/timestamp-reply', body } = answer(question);
      response.writeHead(status, { 'content-type': type }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/tsa`,
    questions,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

export interface OpensslTsa {
  readonly digest?: 'sha256' | 'sha384' | 'sha512' | 'sha1';
  /** Lines of the section beside the usual. */
  readonly lines?: readonly string[];
  /** Whether the issuer comes along. */
  readonly chain?: boolean;
}

/** @returns what answers a TimeStampReq by `openssl ts -reply` */
export function opensslTsa(
  bench: Workbench,
  { leaf, intermediate }: TestAuthority,
  tsa: OpensslTsa = {},
): (question: Uint8Array) => Answer {
  const { digest = 'sha256', lines = [], chain = true } = tsa;
  bench.write('tsa.pem', pem(leaf.bytes));
  bench.write('chain.pem', pem(intermediate.bytes));
  bench.write('tsa.key', leaf.key.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  bench.write('serial', '01\n');
  // The default of openssl 3 is SHA-1.
  const binding = lines.some((line) => line.startsWith('ess_cert_id_alg')) ? [] : ['ess_cert_id_alg = sha256'];
  const usual = [
    ...binding,
    'serial = serial',
    'signer_cert = tsa.pem',
    'signer_key = tsa.key',
    'default_policy = 1.2.3.4.1',
    'digests = sha256, sha384, sha512',
    `signer_digest = ${digest}`,
    ...(chain ? ['certs = chain.pem'] : []),
  ];
  bench.write('tsa.cnf', ['[tsa]', 'default_tsa = authority', '[authority]', ...usual, ...lines, ''].join('\n'));
  return (question) => {
    bench.write('question.tsq', question);
    bench.openssl('ts', '-reply', '-config', 'tsa.cnf', '-section', 'authority', '-queryfile', 'question.tsq', '-out', 'answer.tsr');
    return { body: bench.read('answer.tsr') };
  };
}

export function pem(der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .match(/.{1,64}/g)!;
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
