/** Since when and until when releases have a bug, and which of those modelled: from the table of changes. */

import { CHANGES } from "../../../spec/vmap/bibliography.ts";
import type { Change } from "../../../spec/vmap/change.ts";

/** From the change that brought a bug to the one that ended it. */
export interface Span {
  /** Undefined where the bug is older than the table. */
  readonly since: Change | undefined;
  /** Undefined where the newest release known has it. */
  readonly until: Change | undefined;
}

/** Every span of a bug, oldest first: more than one where it came back, none where no release of the table had it. */
export function spansOf(slug: string): readonly Span[] {
  const spans: Span[] = [];
  for (const change of CHANGES) {
    const open = spans.at(-1);
    if (change.begins.includes(slug)) spans.push({ since: change, until: undefined });
    if (!change.ends.includes(slug)) continue;
    if (open === undefined) spans.push({ since: undefined, until: change });
    else spans[spans.length - 1] = { ...open, until: change };
  }
  return spans;
}

/** What ended it for some callers only. */
export function narrowedBy(slug: string): readonly Change[] {
  return CHANGES.filter(({ narrows }) => narrows.includes(slug));
}

/** Whether no release was ever made with it: it came and went between two release candidates. */
export function isUnreleased(spans: readonly Span[]): boolean {
  return spans.every(({ since, until }) => {
    const base = (change: Change | undefined) => change?.release.replace(/-rc\d+$/, "");
    return since !== undefined && until !== undefined && base(since) === base(until);
  });
}
