/** What a commit changed, as a line of the bibliography, and versions of the kernel: their order, and which have a change. */

/** A family of protocols whose orders follow releases. */
export type Family =
  | "areas"
  | "pools"
  | "waits"
  | "blocks"
  | "walks"
  | "locks"
  | "roots"
  | "reset-perms"
  | "contexts"
  | "kasan"
  | "objects"
  | "levels";
/**
 * What shows a change: replies to calls one after another; replies to calls outside their domain alone, of which there
 * are no recordings; a dump of the state alone; or a family of protocols.
 */
export type Shown = "replies" | "outside" | "dumps" | Family;

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

export interface Version {
  /** As it was written. */
  readonly text: string;
  /** The release it is based on: `[6, 6]` of 6.6.3, `[2, 6, 28]` of 2.6.28.10. */
  readonly base: readonly number[];
  /** Of a stable version its number, 0 of the release itself; undefined of a whole series, as in `6.6.y`. */
  readonly stable: number | undefined;
  readonly rc: number | undefined;
  /** What a distribution appended; "" if nothing. */
  readonly suffix: string;
}

const FORM = /^(?:linux-)?v?(\d+)\.(\d+)(?:\.(\d+|y))?(?:\.(\d+|y))?(?:-rc(\d+))?([-+~_.][\w.+~-]*)?$/;

/** The versions read so far: a list of all releases asks for the same few some hundred thousand times. */
const READ = new Map<string, Version | undefined>();

/** The version that a word names, or undefined for any other word. */
export function versionOf(text: string): Version | undefined {
  if (!READ.has(text)) READ.set(text, parsed(text));
  return READ.get(text);
}

function parsed(text: string): Version | undefined {
  const found = FORM.exec(text);
  if (found === null) return undefined;
  const [, major, minor, third, fourth, rc, suffix = ""] = found;
  // Up to 2.6 a release has three numbers.
  const old = Number(major) <= 2;
  const [release, stable, more] = old ? [third, fourth, undefined] : [undefined, third, fourth];
  if (old && (release === undefined || release === "y")) return undefined;
  const base = [major, minor, ...(release === undefined ? [] : [release])].map(Number);
  return {
    text,
    base,
    stable: stable === "y" ? undefined : Number(stable ?? 0),
    rc: rc === undefined ? undefined : Number(rc),
    suffix: (more === undefined ? "" : `.${more}`) + suffix,
  };
}

/** `6.6`, whatever comes after it. */
export function baseOf({ base }: Version): string {
  return base.join(".");
}

/** Below 0 if the first release is older; an -rc is older than its release. Stable versions are left out. */
export function compareReleases(one: Version, other: Version): number {
  const length = Math.max(one.base.length, other.base.length);
  for (let nth = 0; nth < length; nth++) {
    const difference = (one.base[nth] ?? 0) - (other.base[nth] ?? 0);
    if (difference !== 0) return difference;
  }
  return (one.rc ?? Number.MAX_SAFE_INTEGER) - (other.rc ?? Number.MAX_SAFE_INTEGER);
}

/** Below 0 if the first version is older. A whole series is as its latest version. */
export function compareVersions(one: Version, other: Version): number {
  const last = ({ stable }: Version) => stable ?? Number.MAX_SAFE_INTEGER;
  return compareReleases(one, other) || last(one) - last(other);
}

/** Whether a version has a change; undefined where that is not known. */
export function hasChange(version: Version, change: Change): boolean | undefined {
  if (change.trees.includes(version.text)) return true;
  if (compareReleases(cameIn(change.release), version) <= 0) return true;
  const backport =
    change.backports.find(({ series }) => series === baseOf(version)) ?? inTree(version, change);
  const { stable, suffix, rc } = version;
  if (backport === undefined || rc !== undefined) return false;
  const { from, after } = backport;
  if (stable !== undefined && suffix === "" && stable <= (after ?? (from ?? 1) - 1)) return false;
  if (stable !== undefined && from !== undefined && stable >= from) return true;
  return undefined;
}

/** The version that a change came in, by its release: kept, for every change is compared with every version. */
const CAME_IN = new Map<string, Version>();

function cameIn(release: string): Version {
  const known = CAME_IN.get(release);
  if (known !== undefined) return known;
  const version = versionOf(release) as Version;
  const came = { ...version, rc: version.rc ?? 1 };
  CAME_IN.set(release, came);
  return came;
}

/** Some distribution's tree of the same release has it: another may. */
function inTree(version: Version, { trees }: Change): Backport | undefined {
  const series = baseOf(version);
  const isSame = (tree: string) => {
    const other = versionOf(tree);
    return other !== undefined && other.suffix !== "" && baseOf(other) === series;
  };
  return version.suffix !== "" && trees.some(isSame) ? { series } : undefined;
}
