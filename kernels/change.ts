/** What a commit changed, as a line of the table in changes.ts. */

/** A family of protocols whose orders follow releases. */
export type Family = "areas" | "blocks" | "walks" | "locks" | "roots" | "reset-perms";
/** What shows a change: replies to calls one after another, a dump of the state alone, or a family of protocols. */
export type Shown = "replies" | "dumps" | Family;

/** A stable series that took a change. */
export interface Backport {
  /** Such as `4.4`, of which 4.4.179 is a version. */
  readonly series: string;
  /** The first stable version known to have it; undefined where it is only known that some version has it. */
  readonly from?: number;
  /** The last known not to have it, where there are others before `from`: what lies between is not known. */
  readonly after?: number;
}

export interface Change {
  /** The commit in mainline, or, where that is not known here, the subject of the patch. */
  readonly commit: string;
  /** The release it came in, with an -rc where it did not come with the first. */
  readonly release: string;
  /** What it changed, in a sentence. */
  readonly says: string;
  readonly shows: readonly Shown[];
  /** Bugs by their slugs: what it brought, what it ended, and what it ended for some callers only. */
  readonly begins: readonly string[];
  readonly ends: readonly string[];
  readonly narrows: readonly string[];
  readonly backports: readonly Backport[];
  /** Recorded trees that have it although their version says otherwise, by label. */
  readonly trees: readonly string[];
}

interface More {
  readonly begins?: string;
  readonly ends?: string;
  readonly narrows?: string;
  readonly backports?: readonly Backport[];
  readonly trees?: readonly string[];
}

/** Slugs as one string, with blanks between them. `shown` likewise. */
export function change(
  release: string,
  commit: string,
  shown: string,
  says: string,
  more: More = {},
): Change {
  const words = (text = "") => text.split(/\s+/).filter((word) => word !== "");
  const { begins, ends, narrows, backports = [], trees = [] } = more;
  return {
    commit,
    release,
    says,
    shows: words(shown) as Shown[],
    begins: words(begins),
    ends: words(ends),
    narrows: words(narrows),
    backports,
    trees,
  };
}
