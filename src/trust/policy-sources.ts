/**
 * Several sources of policy at once: flags, a file, one of the system. Each must be met, so that none can weaken another; what a source
 * leaves open about whom to believe it takes from the others.
 */
import type { Policy } from './policy.ts';
import type { PolicySource } from './policy-file.ts';
import type { RevocationEvidence } from './revocation.ts';

/** @returns one policy for each source, in their order; with no source at all one that believes nobody */
export function policiesInForce(sources: readonly PolicySource[]): [Policy, ...Policy[]] {
  if (sources.length === 0) return [{ name: 'flags', anchors: [], timestampAnchors: [], publishers: [] }];
  const evidence = allEvidence(sources);
  return sources.map((source) => {
    const others = [source, ...sources.filter((other) => other !== source)];
    const { state: _, pin: __, ...own } = source;
    return {
      ...own,
      anchors: firstOf(others, 'anchors') ?? [],
      timestampAnchors: firstOf(others, 'timestampAnchors') ?? [],
      publishers: firstOf(others, 'publishers') ?? [],
      evidence,
    };
  }) as [Policy, ...Policy[]];
}

function firstOf<K extends 'anchors' | 'timestampAnchors' | 'publishers'>(sources: readonly PolicySource[], key: K): PolicySource[K] {
  return sources.find((source) => source[key] !== undefined)?.[key];
}

/** Signed by those whom it concerns, so it may come from anywhere: a revocation known to one source holds for all. */
function allEvidence(sources: readonly PolicySource[]): RevocationEvidence {
  const all = sources.flatMap(({ evidence }) => evidence ?? []);
  return { crls: all.flatMap(({ crls }) => crls), responses: all.flatMap(({ responses }) => responses) };
}
