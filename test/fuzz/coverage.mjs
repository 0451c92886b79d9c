/**
 * Which characters of the compiled program have run, by V8's precise block coverage of this thread. Asking costs a millisecond or
 * more: the worker asks after a whole batch of inputs, and looks at each alone only when the batch reached something new.
 */
import { Session } from 'node:inspector';

export function startCoverage(prefix) {
  const session = new Session();
  session.connect();
  ask(session, 'Profiler.enable');
  ask(session, 'Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  /** Script URL to one octet a character: 1 where it has run. */
  const seen = new Map();
  let reached = 0;

  return {
    get reached() {
      return reached;
    },
    /**
     * Forgets what ran since the last call.
     * @param keep - whether it counts as known from now on
     * @returns how many characters ran that were not known
     */
    take(keep = true) {
      let fresh = 0;
      for (const { url, functions } of ask(session, 'Profiler.takePreciseCoverage').result) {
        if (!url.startsWith(prefix)) continue;
        const ran = paint(functions);
        let known = seen.get(url) ?? new Uint8Array();
        if (known.length < ran.length) {
          const longer = new Uint8Array(ran.length);
          longer.set(known);
          seen.set(url, (known = longer));
        }
        for (let at = 0; at < ran.length; at++) {
          if (ran[at] === 1 && known[at] === 0) {
            if (keep) known[at] = 1;
            fresh++;
          }
        }
      }
      if (keep) reached += fresh;
      return fresh;
    },
  };
}

/** Ranges are nested, and an inner one is right where it contradicts the outer. */
function paint(functions) {
  const ranges = functions.flatMap((one) => one.ranges);
  ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  const ran = new Uint8Array(ranges.reduce((end, { endOffset }) => Math.max(end, endOffset), 0));
  for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return ran;
}

/** The inspector of one's own thread answers before `post` returns. */
function ask(session, method, parameters) {
  let answer;
  session.post(method, parameters, (error, result) => {
    if (error) throw error;
    answer = result;
  });
  return answer;
}
