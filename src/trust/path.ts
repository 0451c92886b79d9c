/**
 * Path building: from a certificate over those that came with it to something the user trusts. Source: RFC 4158, and RFC 5280 section
 * 6.1.3 (a)(1) and (4) for signatures and names. Every complete path goes through `path-validation.ts`; the first good one wins.
 *
 * Names are compared as bytes. Work is bounded by a budget of signature checks, so that a bush of cross-certificates cannot keep a
 * verifier busy; no certificate and no (subject, key) pair appears twice on a path.
 */
import type { Platform } from '../core/platform.ts';
import { toHex } from '../core/struct.ts';
import { signatureAlgorithm } from '../pki/algorithms.ts';
import { equalBytes } from '../pki/der.ts';
import { keyFault, keyMakes } from '../pki/public-key.ts';
import type { Certificate } from '../pki/x509.ts';
import type { Anchor } from './anchor.ts';
import { type PathFault, type Purpose, signatureStrengthFaults, validatePath, who } from './path-validation.ts';

export interface PathRequest {
  readonly certificate: Certificate;
  /** Certificates that may lead to an anchor; they are not trusted. */
  readonly intermediates: readonly Certificate[];
  readonly anchors: readonly Anchor[];
  /** Unix seconds at which every certificate of the path must be valid: at each, when there are several. */
  readonly at: number | readonly number[];
  /** Seconds that a clock may be wrong; 0 when absent. */
  readonly tolerance?: number;
  readonly purpose: Purpose;
  /** Shared by the searches of one message: its signers may all bring the same certificates. */
  readonly edges?: Edges;
}

/** By child and issuer: what is wrong with the issuer's signature on the child, or that nothing is. */
export type Edges = Map<Certificate, Map<Certificate, PathFault | undefined>>;

export type PathResult =
  /** The certificate first, the anchor last: they may be one and the same. */
  | { readonly path: readonly Certificate[] }
  /** Why there is none: what is wrong with the best complete path, else where the search ended. At least one. */
  | { readonly path?: undefined; readonly faults: readonly PathFault[] };

const MAX_SIGNATURE_CHECKS = 1_000;
const MAX_PATH_LENGTH = 16;

/** @returns a path, or the reasons why there is none: bad certificates are no exception */
export async function findPath(request: PathRequest, platform: Platform): Promise<PathResult> {
  const search = new PathSearch(request, platform);
  await search.prepare();
  const path = await search.from([request.certificate]);
  return path ? { path } : { faults: search.reasons() };
}

class PathSearch {
  readonly #request: PathRequest;
  readonly #platform: Platform;
  readonly #anchors: Certificate[] = [];
  readonly #anchorBytes = new Set<string>();
  /** So that no edge is computed twice. Following it again still costs. */
  readonly #edges: Edges;
  readonly #deadEnds = new Map<string, PathFault>();
  #bestFaults: readonly PathFault[] | undefined;
  #checksLeft = MAX_SIGNATURE_CHECKS;

  constructor(request: PathRequest, platform: Platform) {
    this.#request = request;
    this.#platform = platform;
    this.#edges = request.edges ?? new Map();
  }

  /** Anchors that are named by fingerprint are found among the certificates at hand. */
  async prepare(): Promise<void> {
    const { anchors, certificate, intermediates } = this.#request;
    const named = new Set<string>();
    for (const anchor of anchors) {
      if (anchor.kind === 'certificate') this.#addAnchor(anchor.certificate);
      else named.add(anchor.sha256);
    }
    if (named.size === 0) return;
    for (const candidate of [certificate, ...intermediates]) {
      if (named.has(toHex(await this.#platform.digest('sha256', candidate.bytes)))) this.#addAnchor(candidate);
    }
  }

  #addAnchor(certificate: Certificate): void {
    const key = toHex(certificate.bytes);
    if (this.#anchorBytes.has(key)) return;
    this.#anchorBytes.add(key);
    this.#anchors.push(certificate);
  }

  /** Depth first, anchors before others. Depth is bounded by MAX_PATH_LENGTH. */
  async from(path: readonly Certificate[]): Promise<readonly Certificate[] | undefined> {
    const last = path.at(-1)!;
    if (this.#anchorBytes.has(toHex(last.bytes)) && this.#isGood(path)) return path;
    const candidates = this.#issuersOf(last, path);
    if (candidates.length === 0) this.#endAt(last);
    if (path.length >= MAX_PATH_LENGTH) return undefined;
    for (const issuer of candidates) {
      if (this.#checksLeft-- <= 0) return this.#giveUp();
      if (!(await this.#certified(last, issuer))) continue;
      const found = await this.from([...path, issuer]);
      if (found) return found;
    }
    return undefined;
  }

  #issuersOf(certificate: Certificate, path: readonly Certificate[]): Certificate[] {
    const isNext = (candidate: Certificate): boolean =>
      equalBytes(candidate.subject.bytes, certificate.issuer.bytes) && !path.some((used) => sameIdentity(used, candidate));
    const others = this.#request.intermediates.filter((candidate) => !this.#anchorBytes.has(toHex(candidate.bytes)));
    return [...this.#anchors.filter(isNext), ...others.filter(isNext)];
  }

  #isGood(path: readonly Certificate[]): boolean {
    const { at, tolerance = 0, purpose } = this.#request;
    const moments = typeof at === 'number' ? [at] : at;
    const all = moments.flatMap((moment) => validatePath({ path, at: moment, tolerance, purpose }));
    const faults = [...new Map(all.map((fault) => [fault.message, fault])).values()];
    if (faults.length === 0) return true;
    if (!this.#bestFaults || severity(faults) < severity(this.#bestFaults)) this.#bestFaults = faults;
    return false;
  }

  /** Whether the issuer's key made the certificate's signature. */
  async #certified(certificate: Certificate, issuer: Certificate): Promise<boolean> {
    const known = this.#edges.get(certificate) ?? new Map<Certificate, PathFault | undefined>();
    const fault = known.has(issuer) ? known.get(issuer) : await issuanceFault(certificate, issuer, this.#platform);
    this.#edges.set(certificate, known.set(issuer, fault));
    if (fault) this.#deadEnds.set(fault.message, fault);
    return fault === undefined;
  }

  #endAt(certificate: Certificate): void {
    const name = who(certificate.subject.text);
    const message = certificate.selfIssued
      ? `${name} certifies itself and is not trusted`
      : `${name} was certified by ${who(certificate.issuer.text)}, which is neither trusted nor at hand`;
    this.#deadEnds.set(message, { code: 'E_UNTRUSTED', message });
  }

  #giveUp(): undefined {
    const message = `the search for a path was given up after ${MAX_SIGNATURE_CHECKS} signature checks`;
    this.#deadEnds.set(message, { code: 'E_UNTRUSTED', message });
  }

  reasons(): readonly PathFault[] {
    return this.#bestFaults ?? [...this.#deadEnds.values()].slice(0, 16);
  }
}

/** Why a certificate was not made by this issuer's key, or not in a way that counts; undefined when it was. */
export async function issuanceFault(certificate: Certificate, issuer: Certificate, platform: Platform): Promise<PathFault | undefined> {
  const [weak] = signatureStrengthFaults(certificate);
  if (weak) return weak;
  // A key of absurd size must not cost time, and one that may certify nothing decides nothing.
  const key = keyFault(issuer.publicKey, 'authority');
  if (key) return { code: 'E_WEAK', message: `${who(issuer.subject.text)} has ${key}` };
  const algorithm = signatureAlgorithm(certificate.signatureAlgorithm)!;
  const good =
    keyMakes(issuer.publicKey, algorithm, certificate.signatureAlgorithm) &&
    (await platform.verifySignature({
      publicKey: issuer.spki,
      scheme: algorithm.scheme,
      hash: algorithm.hash,
      message: certificate.tbs,
      signature: certificate.signature,
    }));
  if (good) return undefined;
  return { code: 'E_UNTRUSTED', message: `${who(certificate.subject.text)} does not bear the signature of ${who(issuer.subject.text)}` };
}

/** RFC 4158 2.4.2 and 3.5.19: the same certificate, or another for the same name and key, only makes circles. */
function sameIdentity(left: Certificate, right: Certificate): boolean {
  return equalBytes(left.subject.bytes, right.subject.bytes) && equalBytes(left.spki, right.spki);
}

/** Expiry is the mildest: of several bad paths the one that time alone spoils is the one to tell about. */
function severity(faults: readonly PathFault[]): number {
  return Math.max(...faults.map(({ code }) => (code === 'E_EXPIRED' ? 1 : code === 'E_WEAK' ? 2 : 3)));
}
