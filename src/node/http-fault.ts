/** What went wrong between us and a server, in words, and whether asking again may help. */
import { DisksealError, type ErrorDetails } from '../core/errors.ts';
import { errnoOf } from '../core/system-error.ts';
import { shownUrl } from './http-url.ts';

/** Always `E_HTTP`. */
export class HttpFault extends DisksealError {
  /** The same question may be answered a moment later. */
  readonly passing: boolean;

  constructor(url: URL, message: string, details: ErrorDetails = {}, passing = false) {
    super('E_HTTP', message, { path: shownUrl(url), ...details });
    this.passing = passing;
  }
}

/** Errors of sockets, of TLS (OpenSSL's names of verification results) and of undici. */
const WORDS: Record<string, readonly [message: string, passing: boolean, hint?: string]> = {
  ECONNREFUSED: ['nobody answers there (connection refused)', true],
  ECONNRESET: ['the connection broke', true],
  EPIPE: ['the connection broke', true],
  ETIMEDOUT: ['the server does not answer', true],
  EHOSTUNREACH: ['there is no way to the server', true],
  ENETUNREACH: ['there is no way to the network of the server', true],
  EAI_AGAIN: ['the name of the server cannot be looked up now', true],
  ENOTFOUND: ['there is no server of this name', false, 'behind a proxy, set HTTPS_PROXY and HTTP_PROXY'],
  UND_ERR_CONNECT_TIMEOUT: ['the server does not answer', true],
  UND_ERR_HEADERS_TIMEOUT: ['the server takes the question and does not answer', true],
  UND_ERR_BODY_TIMEOUT: ['the server stopped in the middle of its answer', true],
  UND_ERR_SOCKET: ['the connection broke', true],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['the answer has not the length that its header says', true],
  UND_ERR_HEADERS_OVERFLOW: ["the answer's headers are too long", false],
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    "the server's TLS certificate is nobody's but its own",
    false,
    'NODE_EXTRA_CA_CERTS names a file of further authorities',
  ],
  SELF_SIGNED_CERT_IN_CHAIN: [
    "the server's TLS certificate is under an authority that is not known",
    false,
    'NODE_EXTRA_CA_CERTS names a file of further authorities',
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    "the server's TLS certificate is under an authority that is not known",
    false,
    'NODE_EXTRA_CA_CERTS names a file of further authorities',
  ],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    "the server's TLS certificate is under an authority that is not known",
    false,
    'NODE_EXTRA_CA_CERTS names a file of further authorities',
  ],
  CERT_HAS_EXPIRED: ["the server's TLS certificate has expired", false],
  ERR_TLS_CERT_ALTNAME_INVALID: ["the server's TLS certificate is another server's", false],
};

/** @param cause - whatever a request threw */
export function httpFault(url: URL, cause: unknown): DisksealError {
  if (cause instanceof DisksealError) return cause;
  const known = WORDS[codeOf(cause) ?? ''];
  if (known) return new HttpFault(url, known[0], { cause, hint: known[2] }, known[1]);
  if (cause instanceof Error && cause.name === 'HTTPParserError') return new HttpFault(url, 'the answer is not HTTP', { cause });
  return new HttpFault(url, `no answer: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}

/** The first code among an error and its causes; several addresses tried give an AggregateError. */
function codeOf(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; depth++) {
    const code = errnoOf(at);
    if (code !== undefined && code in WORDS) return code;
    at = at instanceof AggregateError ? at.errors[0] : at.cause;
  }
  return undefined;
}
