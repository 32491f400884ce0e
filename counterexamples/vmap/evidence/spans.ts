/**
 * The first and the last release that has a bug, and the modelled ones among those between: from the table of changes.
 */
import { bugsIn } from "../../../kernels/versions.ts";
import { CHANGES } from "../../../spec/vmap/bibliography.ts";
import { type Change, type Version, versionOf } from "../../../spec/vmap/change.ts";
import { BASE_OF_DRAFTS, RELEASES } from "../../../spec/vmap/releases.ts";

/** From the change that brought a bug to the one that ended it. */
export interface Span {
  /** Undefined where the bug is older than the table. */
  readonly since: Change | undefined;
  /** Undefined where the newest release known has it. */
  readonly until: Change | undefined;
}

/** Every span of a bug, oldest first: more than one if it came back, none if no release of the table had it. */
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

/**
 * The kernels of releases and drafts that have a bug by that table, by age, except that the kernel on which its
 * histories were pinned comes first.
 */
export function kernelsWith(slug: string, pinnedOn: string): readonly string[] {
  const names = RELEASES.filter(({ like }) => like === undefined).map(({ labels }) => labels[0] as string);
  const having = names.filter((name) => {
    const version = versionFor(name);
    return version !== undefined && bugsIn(version).has.includes(slug);
  });
  return [pinnedOn, ...having.filter((name) => name !== pinnedOn)];
}

/** Of a release or a draft. A kernel of one's own is not listed, whatever its name: it inherits (jobs/lineage.ts). */
function versionFor(name: string): Version | undefined {
  if (name.startsWith("piggin-draft-")) return versionOf(BASE_OF_DRAFTS);
  const version = versionOf(name);
  const isRelease = version?.suffix === "" || CHANGES.some(({ trees }) => trees.includes(name));
  return isRelease ? version : undefined;
}

/** What ended it for some callers only. */
export function narrowedBy(slug: string): readonly Change[] {
  return CHANGES.filter(({ narrows }) => narrows.includes(slug));
}

/** Whether no release has it: it began and ended between two release candidates. */
export function isUnreleased(spans: readonly Span[]): boolean {
  return spans.every(({ since, until }) => {
    const base = (change: Change | undefined) => change?.release.replace(/-rc\d+$/, "");
    return since !== undefined && until !== undefined && base(since) === base(until);
  });
}
