/**
 * The facts on a kernel version, in words: the release that answers as it does, or both neighbours, and the sources.
 */

import { INTERLEAVED } from "../counterexamples/interleavings.ts";
import { BUGS } from "../counterexamples/vmap/index.ts";
import {
  type BugsIn,
  bugsIn,
  changesBetween,
  LAST_RELEASES,
  type Labelled,
  type Placed,
  place,
} from "../kernels/versions.ts";
import { kernelCalled, kernelFor, labelsAlike } from "../kernels/vmap/index.ts";
import { CHANGES, COMPARED, NEWEST_KNOWN } from "../spec/vmap/bibliography.ts";
import type { Change } from "../spec/vmap/change.ts";
import { baseOf, compareVersions, hasChange, type Version, versionOf } from "../spec/vmap/change.ts";

/** `7.2 (= 6.19)`: a label, and the others of the same kernel. */
export function withOthers(label: string, labels: readonly string[]): string {
  const others = labels.filter((each) => each !== label);
  return others.length === 0 ? label : `${label} (= ${others.join(" = ")})`;
}

const named = ({ label }: Pick<Labelled, "label">) => {
  const kernel = kernelCalled(label);
  return kernel === undefined ? label : withOthers(label, labelsAlike(kernel));
};

/** The label of the one release that answers as this version does, if that is known. */
export function labelAlike(word: string): string | undefined {
  const version = versionOf(word);
  const alike = version === undefined ? [] : place(version).alike;
  return alike.length === 1 ? alike[0]?.label : undefined;
}

/** The label of the release that a user's version is taken as: alike, or the newest for a version newer than all. */
export function labelTakenFor(word: string): string | undefined {
  return labelAlike(word) ?? (isNewer(word) ? NEWEST_KNOWN : undefined);
}

/** Whether it is a version newer than any that is known here, or a protocol named after one. */
function isNewer(word: string): boolean {
  const version = versionOf(word.replace(/^[a-z-]+-(?=\d)/, ""));
  return version !== undefined && place(version).era === "newer";
}

/** `9.1 (taken as 7.3, the newest known)`; any other version as it is. */
export const versionText = (word: string): string =>
  isNewer(word) ? `${word} (taken as ${NEWEST_KNOWN}, the newest known)` : word;

/** `6.6 (= 6.5)`, or `9.1 (taken as 7.3, the newest known)`. */
export function standsForText(word: string, name: string): string {
  return isNewer(word) ? versionText(word) : `${word} (= ${name})`;
}

/** As which release a version answers, in a sentence; of one newer than all, as which it is taken. */
export function takenText(word: string, name: string): string {
  if (!isNewer(word)) return `${word} answers as ${name}.`;
  const as = versionOf(word) === undefined ? name : named({ label: NEWEST_KNOWN });
  return `${word} is newer than ${NEWEST_KNOWN}, the newest known: taken as ${as}; what changed since is not known.`;
}

/** A series as old, written with two numbers: 2.4. From 2.6 to 3.0 a release has three. */
const BEFORE_2_6 = /^(?:[01]\.\d+|2\.[0-5])$/;

/** Why no single release answers as this version does, as the end of a sentence; undefined for any other word. */
export function placeOf(word: string): string | undefined {
  const version = versionOf(BEFORE_2_6.test(word) ? "2.6.0" : word);
  if (version === undefined) return undefined;
  const { era, alike, below, above, mayHave } = place(version);
  if (era === "never") return neverText(version);
  if (era === "older") return `it is older than the oldest, ${named(above as Labelled)}`;
  if (era === "newer") return `it is newer than the newest known, ${NEWEST_KNOWN}`;
  if (alike.length > 1)
    return `it may answer as ${alike.map((each) => named(standingFor(word, each))).join(" or as ")}: whether it has ${commitsOf(mayHave)} is not known`;
  return `it lies between ${named(below as Labelled)} and ${named(above as Labelled)}, and answers as neither; check ${word} shows both`;
}

/** `no such release was made: the last 2.6 is 2.6.39`. */
function neverText({ base }: Version): string {
  const series = base.slice(0, -1).join(".");
  return `no such release was made, the last ${series} is ${series}.${LAST_RELEASES[series]}`;
}

/** A version resolved for a check, for people and for programs. */
export interface VersionFacts {
  readonly asked: string;
  readonly era: Placed["era"];
  /** Labels of the releases that answer as it does, or may. */
  readonly answersAs: readonly string[];
  /** Whether it answers so only to calls inside their domain: differences outside are among the unseen. */
  readonly inside: boolean;
  /** Labels of the columns that are checked for it. */
  readonly columns: readonly string[];
  /** Changes that it has and a column has not, or the reverse, as far as replies show. */
  readonly against: readonly {
    readonly label: string;
    readonly more: readonly Change[];
    readonly less: readonly Change[];
  }[];
  /** Changes that it may have. */
  readonly mayHave: readonly Change[];
  /** The slugs of bugs by the table of changes: those it has, and those it may have. */
  readonly bugs: BugsIn;
  /** Changes between the column and it that only interleavings or dumps show. */
  readonly unseen: readonly Change[];
  /** The sources of these facts, a line each. */
  readonly known: readonly string[];
}

/** Undefined for a word that is no version. */
export function factsOf(word: string): VersionFacts | undefined {
  const version = versionOf(word);
  if (version === undefined) return undefined;
  const placed = place(version);
  const { era, alike, mayHave } = placed;
  const columns = columnsOf(placed);
  const stands = alike.map((each) => standingFor(word, each));
  const [only] = columns.length === 1 ? columns : [];
  const [one] = stands.length === 1 ? stands : [];
  const beside = one === undefined ? only?.version : (versionOf(one.label) as Version);
  return {
    asked: word,
    era,
    answersAs: stands.map(({ label }) => label),
    inside: one?.isOwn === true,
    columns: stands.length === 0 ? columns.map(({ label }) => label) : stands.map(({ kernel }) => kernel),
    against: alike.length > 0 || era !== "known" ? [] : columns.map((each) => compared(version, each)),
    mayHave,
    bugs: bugsIn(version),
    unseen: beside === undefined || era !== "known" ? [] : unseenBetween(beside, version),
    known: era === "newer" ? [] : [...knownFrom(version, placed), ...stableNotes(version)],
  };
}

/** The kernel that answers as a version does, by name, and that label; without a label of its own, for all calls. */
function standingFor(word: string, { label }: Labelled) {
  const kernel = kernelFor(word, label);
  const { like } = kernel.release;
  const isOwn = like !== undefined && (kernel.name === word || kernelCalled(kernel.name) === undefined);
  const isSame = kernelCalled(label) === kernel;
  return { kernel: kernel.name, isOwn, label: isOwn ? like : isSame ? label : kernel.name };
}

/** The releases that answer alike, or the newest, or both neighbours. */
function columnsOf({ era, alike, below, above }: Placed): readonly Labelled[] {
  if (alike.length > 0) return alike;
  const sides = [below, above].filter((each) => each !== undefined);
  const isFirst = ({ labels }: Labelled, nth: number) =>
    sides.findIndex((each) => each.labels === labels) === nth;
  return era === "older" || era === "never" ? [] : sides.filter(isFirst);
}

function compared(version: Version, { label, version: other }: Labelled) {
  const { gained, lost } = changesBetween(other, version);
  return { label, more: gained, less: lost };
}

/** Changes between two versions that a protocol or a dump shows, and no reply. */
function unseenBetween(one: Version, other: Version): readonly Change[] {
  return CHANGES.filter(
    (each) =>
      each.shows.length > 0 &&
      !each.shows.includes("replies") &&
      isSettled(hasChange(one, each), hasChange(other, each)),
  );
}

/** Whether two versions are known to differ. */
const isSettled = (one: boolean | undefined, other: boolean | undefined) =>
  one !== undefined && other !== undefined && one !== other;

function knownFrom(version: Version, { alike, below, above }: Placed): string[] {
  const lines: string[] = [];
  const [only] = alike.length === 1 ? alike : [];
  if (only !== undefined && compareVersions(only.version, version) !== 0)
    lines.push(`by the commits: none that replies show lies between ${only.label} and ${version.text}`);
  if (only !== undefined && below !== undefined && above !== undefined && below.labels === above.labels)
    lines.push(
      `recorded: ${below.label} and ${above.label}, on both sides of it, answer alike in every reply`,
    );
  for (const each of COMPARED.filter(
    ({ version: tree }) => baseOf(versionOf(tree) as Version) === baseOf(version),
  ))
    lines.push(
      `recorded: the allocator of ${each.version} answered all ${each.traces} traces of ${each.label} as ${each.label} did`,
    );
  return lines;
}

/** Changes that stable versions and distributions may have. */
function stableNotes(version: Version): string[] {
  const series = baseOf(version);
  const taken = CHANGES.filter(({ backports }) => backports.some((each) => each.series === series));
  const lines = taken.map((each) => {
    const { from, after } = each.backports.find(
      (backport) => backport.series === series,
    ) as (typeof each.backports)[number];
    const since = from === undefined ? "in some version" : `in ${series}.${from}`;
    const before = after === undefined ? "" : `, not in ${after === 0 ? series : `${series}.${after}`}`;
    return `stable: ${series}.y has ${commitText(each)} ${since}${before}`;
  });
  if (version.suffix !== "")
    lines.push(
      `"${version.suffix}" is a distribution's: it has its own patches and backports, which its name does not show`,
    );
  else if (version.rc !== undefined)
    lines.push(
      `a release candidate: what came in ${series} is taken to have come with its first, unless the table says otherwise`,
    );
  else lines.push(`a stable ${series}.y may have taken a later change: no other is known here`);
  return lines;
}

/** `fc1e0d980037 (6.5)`, or the subject of a patch whose commit is not known here. */
export function commitText({ commit, release }: Change): string {
  return `${commit} (${release.replace(/-rc\d+$/, "")})`;
}

const commitsOf = (changes: readonly Change[]) => changes.map(commitText).join(", ");

/** `brings A13, ends A9`; "" where it does neither. */
export function bugsText({ begins, ends, narrows }: Change): string {
  const parts = [
    ["brings", begins],
    ["ends", ends],
    ["ends in part", narrows],
  ] as const;
  return parts
    .filter(([, slugs]) => slugs.length > 0)
    .map(([verb, slugs]) => `${verb} ${slugs.map(shortName).join(", ")}`)
    .join("; ");
}

/** The number of a bug, or its slug if it has none. */
export function shortName(slug: string): string {
  return [...BUGS, ...INTERLEAVED].find(({ id }) => id === slug)?.number ?? slug;
}

/** In the catalogue's order. */
function shortNames(slugs: readonly string[]): string {
  const known = [...new Set([...BUGS, ...INTERLEAVED].map(({ id }) => id))];
  return known
    .filter((id) => slugs.includes(id))
    .map(shortName)
    .join(", ");
}

/** A change in one line. */
export function changeText(change: Change): string {
  const bugs = bugsText(change);
  return `${commitText(change)}  ${change.says}${bugs === "" ? "" : `  [${bugs}]`}`;
}

/** The facts in lines: the release it answers as, the differences, and the sources. */
export function factsText(facts: VersionFacts): string {
  const { asked, era, answersAs, inside, columns, against, mayHave, bugs, unseen, known } = facts;
  const names = (answersAs.length > 0 ? answersAs : columns).map((label) => named({ label }));
  const lines = [
    inside
      ? `${asked} answers as ${names.join()} to calls inside their domain; outside, as the commits say.`
      : headline(asked, era, answersAs, names, mayHave),
  ];
  for (const { label, more, less } of against) {
    lines.push(...more.map((each) => `  more than ${label}:  ${changeText(each)}`));
    lines.push(...less.map((each) => `  less than ${label}:  ${changeText(each)}`));
  }
  lines.push(...unseen.map((each) => `  no reply shows:  ${changeText(each)} (${each.shows.join(", ")})`));
  lines.push(...known.map((line) => `  ${line}`));
  const perhaps = bugs.mayHave.length === 0 ? "" : `; perhaps ${shortNames(bugs.mayHave)}`;
  lines.push(`  bugs, by the commits: ${shortNames(bugs.has)}${perhaps}`);
  return lines.join("\n");
}

function headline(
  asked: string,
  era: Placed["era"],
  answersAs: readonly string[],
  names: readonly string[],
  mayHave: readonly Change[],
): string {
  if (era === "newer" || answersAs.length === 1) return takenText(asked, names.join());
  if (answersAs.length > 1)
    return `${asked} answers as ${names.join(" or as ")}: whether it has ${commitsOf(mayHave)} is not known.`;
  return `${asked} answers as no release here; beside it ${names.length === 1 ? "stands" : "stand"} ${names.join(" and ")}.`;
}
