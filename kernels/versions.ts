/** Which changes of the bibliography a version of the kernel has, and which of the releases modelled here has the same. */
import { CHANGES, NEWEST_KNOWN } from "../spec/vmap/bibliography.ts";
import {
  type Change,
  compareReleases,
  compareVersions,
  hasChange,
  type Shown,
  type Version,
  versionOf,
} from "../spec/vmap/change.ts";
import type { Kernel } from "../spec/vmap/kernel.ts";
import { RELEASES } from "../spec/vmap/releases.ts";
import { KERNELS, kernelFor } from "./vmap/index.ts";
import type { State } from "./vmap/state.ts";

/** The changes that this shows and a version has, and those for which that is unknown. */
export interface Possessed {
  readonly has: readonly Change[];
  readonly mayHave: readonly Change[];
}

export function changesOf(version: Version, shown: Shown): Possessed {
  const key = `${version.text} ${shown}`;
  const known = POSSESSED.get(key);
  if (known !== undefined) return known;
  const has: Change[] = [];
  const mayHave: Change[] = [];
  for (const change of CHANGES.filter(({ shows }) => shows.includes(shown))) {
    const isIn = hasChange(version, change);
    if (isIn !== false) (isIn === true ? has : mayHave).push(change);
  }
  const possessed = { has, mayHave };
  POSSESSED.set(key, possessed);
  return possessed;
}

/** Those found so far: every release is compared with every order of every family. */
const POSSESSED = new Map<string, Possessed>();

/** Bugs by their slugs, as far as the table says. */
export interface BugsIn {
  readonly has: readonly string[];
  /** The bugs of which it is unknown whether a backport ended or brought them. */
  readonly mayHave: readonly string[];
}

/** The bugs that a version has: those that were brought and not ended, or were there before the table begins. */
export function bugsIn(version: Version): BugsIn {
  const known = BUGS_IN.get(version);
  if (known !== undefined) return known;
  const has = new Set(OLDER_THAN_THE_TABLE);
  const mayHave = new Set<string>();
  for (const each of CHANGES) {
    const isIn = hasChange(version, each);
    for (const slug of isIn === true ? each.ends : []) {
      has.delete(slug);
      mayHave.delete(slug);
    }
    for (const slug of isIn === true ? each.begins : []) has.add(slug);
    if (isIn !== undefined) continue;
    for (const slug of each.begins) mayHave.add(slug);
    for (const slug of each.ends) if (has.delete(slug)) mayHave.add(slug);
  }
  const bugs = { has: [...has], mayHave: [...mayHave] };
  BUGS_IN.set(version, bugs);
  return bugs;
}

/** Those found so far: every bug is asked of every release. */
const BUGS_IN = new WeakMap<Version, BugsIn>();

const BROUGHT = new Set(CHANGES.flatMap(({ begins }) => begins));
const OLDER_THAN_THE_TABLE = CHANGES.flatMap(({ ends, narrows }) => [...ends, ...narrows]).filter(
  (slug) => !BROUGHT.has(slug),
);

/** A release modelled here, by one of its labels that is a version. */
export interface Labelled {
  readonly label: string;
  readonly labels: readonly string[];
  readonly version: Version;
}

/** Every label that is a version, oldest first; no drafts, and nothing derived from a release. */
export const LABELLED: readonly Labelled[] = RELEASES.filter(({ like }) => like === undefined)
  .flatMap(({ labels }) =>
    labels.flatMap((label) => {
      const version = versionOf(label);
      return version === undefined ? [] : [{ label, labels, version }];
    }),
  )
  .sort((one, other) => compareVersions(one.version, other.version));

/** Changes that one has and the other has not. */
export interface Difference {
  /** What the second has and the first has not. */
  readonly gained: readonly Change[];
  readonly lost: readonly Change[];
}

/** What replies show of the changes between two versions, or what else is asked for. */
export function changesBetween(one: Version, other: Version, shown: Shown = "replies"): Difference {
  const [before, after] = [changesOf(one, shown).has, changesOf(other, shown).has];
  return {
    gained: after.filter((each) => !before.includes(each)),
    lost: before.filter((each) => !after.includes(each)),
  };
}

/** What is known of a version from the table and the releases modelled. */
export interface Placed {
  readonly version: Version;
  /** Whether the table covers it: it may be older than the oldest release, newer than the newest, or never have been. */
  readonly era: "known" | "older" | "newer" | "never";
  /**
   * The releases that may answer as it does, by the label nearest to it: one where that is known; two or more where it
   * is not known which backports it took; none where no release has just its changes.
   */
  readonly alike: readonly Labelled[];
  readonly mayHave: readonly Change[];
  /** The nearest labels on both sides, of any release. */
  readonly below: Labelled | undefined;
  readonly above: Labelled | undefined;
}

export function place(version: Version): Placed {
  const { has, mayHave } = changesOf(version, "replies");
  const distance = ({ version: other }: Labelled) => Math.abs(rank(other) - rank(version));
  const possible = LABELLED.filter(({ version: other }) => {
    const own = changesOf(other, "replies").has;
    return (
      has.every((change) => own.includes(change)) &&
      own.every((change) => has.includes(change) || mayHave.includes(change))
    );
  });
  const nearest = new Map<readonly string[], Labelled>();
  for (const each of possible) {
    const known = nearest.get(each.labels);
    if (known === undefined || distance(each) < distance(known)) nearest.set(each.labels, each);
  }
  return {
    version,
    era: eraOf(version),
    alike: eraOf(version) === "known" ? [...nearest.values()] : [],
    mayHave,
    below: LABELLED.findLast((each) => compareVersions(each.version, version) <= 0),
    above: LABELLED.find((each) => compareVersions(each.version, version) > 0),
  };
}

/** The last release of each series of them. */
export const LAST_RELEASES: Readonly<Record<string, number>> = {
  "2.6": 39,
  "3": 19,
  "4": 20,
  "5": 19,
  "6": 19,
};

function eraOf(version: Version): Placed["era"] {
  const last = LAST_RELEASES[version.base.slice(0, -1).join(".")];
  if (last !== undefined && (version.base.at(-1) as number) > last) return "never";
  if (compareReleases(version, (LABELLED[0] as Labelled).version) < 0) return "older";
  return compareReleases(version, versionOf(NEWEST_KNOWN) as Version) > 0 ? "newer" : "known";
}

/** How many labels are not newer: a measure of how far versions lie apart. */
function rank(version: Version): number {
  return LABELLED.filter((each) => compareVersions(each.version, version) <= 0).length;
}

/**
 * The order of a family of protocols that describes a version: the one named after a version with the same changes, as
 * that family shows them. Undefined where there is none.
 */
export function orderOf(version: Version, family: Shown, orders: readonly string[]): string | undefined {
  const { has, mayHave } = changesOf(version, family);
  if (mayHave.length > 0) return undefined;
  return orders.findLast((order) => {
    const own = changesOfOrder(order, family);
    return own?.length === has.length && own.every((change) => has.includes(change));
  });
}

/** The newest order of a family of which a version surely has every change: what it may have besides is not known. */
export function surestOrderOf(
  version: Version,
  family: Shown,
  orders: readonly string[],
): string | undefined {
  const { has } = changesOf(version, family);
  return orders.findLast((order) => changesOfOrder(order, family)?.every((change) => has.includes(change)));
}

/** What the version that an order is named after has; undefined for one that was repaired, or is a draft. */
function changesOfOrder(order: string, family: Shown) {
  const named = versionOf(order);
  return named === undefined || named.suffix !== "" ? undefined : changesOf(named, family).has;
}

/** Every release from the oldest modelled to the newest known, in order. */
export const MAINLINE: readonly Version[] = mainline();

function mainline(): Version[] {
  const newest = versionOf(NEWEST_KNOWN) as Version;
  const series: Readonly<Record<string, number>> = {
    ...LAST_RELEASES,
    [newest.base[0] as number]: newest.base[1] as number,
  };
  return Object.entries(series)
    .flatMap(([name, last]) =>
      Array.from({ length: last + 1 }, (_none, nth) => versionOf(`${name}.${nth}`) as Version),
    )
    .filter((each) => eraOf(each) === "known")
    .sort(compareVersions);
}

/** The kernel that stands for a version; undefined if no single release answers alike. */
export function kernelStandingFor(version: Version): Kernel<State> | undefined {
  const { alike } = place(version);
  return alike.length === 1 ? kernelFor(version.text, (alike[0] as Labelled).label) : undefined;
}

/** For each release of `MAINLINE`, the kernel that stands for it; found when it is first asked for. */
let mainlineLike: readonly (Kernel<State> | undefined)[] | undefined;

function kernelsOfMainline() {
  mainlineLike ??= MAINLINE.map(kernelStandingFor);
  return mainlineLike;
}

/** Kernels without a column of their own: each differs from one only in calls outside their domain. */
export function variants(): readonly Kernel<State>[] {
  const all = [...kernelsOfMainline(), ...LABELLED.map(({ version }) => kernelStandingFor(version))];
  return [...new Set(all)].flatMap((kernel) =>
    kernel === undefined || KERNELS.includes(kernel) ? [] : kernel,
  );
}

/** The releases that answer as a kernel of one of these names does, as ranges: `6.5 to 6.8`. */
export function rangesLike(...names: readonly string[]): readonly string[] {
  const kernels = kernelsOfMainline();
  const ranges: [Version, Version][] = [];
  for (const [nth, each] of MAINLINE.entries()) {
    if (!names.includes(kernels[nth]?.name ?? "")) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === MAINLINE[nth - 1]) last[1] = each;
    else ranges.push([each, each]);
  }
  return ranges.map(([from, to]) => (from === to ? from.text : `${from.text} to ${to.text}`));
}

/** The same for several kernels, and for those that differ from one of them only in calls outside their domain. */
export function rangesOfAll(names: readonly string[]): readonly string[] {
  const others = variants().filter(({ release: { like } }) => like !== undefined && names.includes(like));
  return rangesLike(...names, ...others.map(({ name }) => name));
}
