/** A bug's spans in words: since when, until when, by which commit. */
import { isUnreleased, spansOf } from "../counterexamples/vmap/evidence.ts";
import type { Change } from "../spec/vmap/change.ts";

const releaseOf = ({ release }: Change) => release.replace(/-rc\d+$/, "");

/** `2.6.28 until 6.5 by fc1e0d980037`; the catalogue's note, if no release had it. */
export function spanText({ id, fixed }: { readonly id: string; readonly fixed: string }): string {
  const spans = spansOf(id);
  if (spans.length === 0) return fixed;
  const parts = spans.map(({ since, until }) => {
    const from = since === undefined ? "from before 2.6.27" : `since ${releaseOf(since)}`;
    if (until === undefined) return `${from}, not fixed`;
    const rcs = isUnreleased([{ since, until }]) ? " before its release" : "";
    return `${from} until ${releaseOf(until)}${rcs} by ${until.commit}`;
  });
  return parts.join("; ");
}

export function spansJson(id: string) {
  const citation = (change: Change | undefined) =>
    change === undefined ? null : { commit: change.commit, release: change.release };
  return spansOf(id).map(({ since, until }) => ({ since: citation(since), until: citation(until) }));
}
