/** Kernel trees on the user's disk, as kernels: `tree:DIR`. */

import { rulesOf } from "../../kernels/vmap/releases.ts";
import { kernelWith } from "../../kernels/vmap/rules.ts";
import type { State } from "../../kernels/vmap/state.ts";
import { MEMORY_LAWS, PROCESS_LAWS } from "../../spec/process.ts";
import { compareVersions, type Version, versionOf } from "../../spec/vmap/change.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import { derivedFrom, findRelease, promisesOf, RELEASES, releaseOf } from "../../spec/vmap/releases.ts";
import { type Built, build, type Constants } from "../../trees/build.ts";
import { readTree, type SourceTree } from "../../trees/source-tree.ts";
import { PROBES } from "../../trees/vmap/probes.ts";
import { ANY_BLOCKS, treeKernel } from "../../trees/vmap/tree-kernel.ts";
import { orNearest } from "../usage-error.ts";
import { commitText, factsOf, labelAlike, labelTakenFor, placeOf } from "../versions.ts";

/** How a tree is named as a subject, before its directory. */
export const TREE_PREFIX = "tree:";

/** A built tree, and the release that judges it. */
export interface TreeSubject {
  readonly tree: SourceTree;
  readonly built: Built;
  readonly kernel: Kernel<State>;
  /** The label of the release whose promises it is judged by, but for what `assumed` says. */
  readonly as: string;
  /** The version whose callers it has: its own, if no other release was named and that is known. */
  readonly version: string;
  /** The label of that release that is nearest to the tree: what a recording of it is filed under. */
  readonly label: string;
  /** The probes that the release and the tree answer differently, a line each. */
  readonly assumed: readonly string[];
}

/** By word. If a tree changes while it is checked, the first read counts. */
const known = new Map<string, TreeSubject>();

/** The tree that `tree:DIR` names, or undefined for any other word. Throws an InputError if it cannot be built. */
export function treeCalled(word: string): TreeSubject | undefined {
  if (!isTreeName(word)) return undefined;
  const subject = known.get(word) ?? open(word, undefined);
  known.set(word, subject);
  return subject;
}

export const isTreeName = (word: string): boolean => word.startsWith(TREE_PREFIX);

/** `tree:DIR`, of a directory. */
export const treeName = (directory: string): string => `${TREE_PREFIX}${directory}`;

/** The tree in this directory, judged from now on by what this release promises, if one is given. */
export function openTree(directory: string, as: string | undefined): TreeSubject {
  const word = treeName(directory);
  if (as !== undefined) known.set(word, open(word, as));
  return treeCalled(word) as TreeSubject;
}

/** The facts on a tree, as plain data. */
export interface TreeFacts {
  readonly name: string;
  readonly directory: string;
  /** Null if its Makefile has no version. */
  readonly version: string | null;
  readonly as: string;
  readonly assumed: readonly string[];
  /** By the macro of the glue, whether it holds. */
  readonly probes: Readonly<Record<string, boolean>>;
  readonly constants: Constants;
  readonly stubs: readonly string[];
}

export function factsOfTree({ tree, built, kernel, as, assumed }: TreeSubject): TreeFacts {
  const { holds, stubs } = built.facts;
  const asked = PROBES.filter(({ required }) => !required);
  return {
    name: kernel.name,
    directory: tree.directory,
    version: tree.version ?? null,
    as,
    assumed,
    probes: Object.fromEntries(asked.map(({ name }) => [name, holds.includes(name)])),
    constants: ANY_BLOCKS,
    stubs,
  };
}

function open(word: string, as: string | undefined): TreeSubject {
  const tree = readTree(word.slice(TREE_PREFIX.length));
  const built = build(tree, ANY_BLOCKS);
  const release = as === undefined ? nearestRelease(tree.version, built.facts.holds) : promisesNamed(as);
  const like = release.labels[0] as string;
  const between = as === undefined ? betweenReleases(tree.version, like) : undefined;
  const own = between?.promises ?? release;
  const promises: Promises = {
    ...derivedFrom(like, own),
    labels: [word],
    laws: [...own.laws, ...[...PROCESS_LAWS, ...MEMORY_LAWS].map(({ id }) => id)],
    compiled: true,
  };
  const label =
    [as, labelAlike(tree.version ?? "")].find((each) => release.labels.includes(each ?? "")) ?? like;
  return {
    tree,
    built,
    kernel: {
      ...treeKernel((constants) => build(tree, constants), promises, word),
      ...(between && { model: between.model }),
    },
    as: like,
    label,
    version:
      between?.version ?? (labelAlike(tree.version ?? "") === label ? (tree.version as string) : label),
    assumed: [...(between?.differs ?? []), ...disagreements(release, built.facts.holds)],
  };
}

/** Of a version between two releases, as neither of which it answers: what it promises itself, and how the nearest differs. */
export function betweenReleases(version: string | undefined, like: string) {
  const facts = version === undefined ? undefined : factsOf(version);
  if (version === undefined || facts?.era !== "known" || facts.answersAs.length > 0) return undefined;
  const { labels } = releaseOf(like);
  const { more = [], less = [] } = facts.against.find(({ label }) => labels.includes(label)) ?? {};
  const promises = promisesOf(version);
  return {
    version,
    promises,
    model: kernelWith(derivedFrom(like, promises), rulesOf(version)),
    differs: [
      ...less.map((each) => `${commitText(each)}: not in ${version}, which is judged without it`),
      ...more.map((each) => `${commitText(each)}: in ${version}, and not in ${like}`),
    ],
  };
}

/** The same, where no probe says which release is nearest: with the labels of the newer, whose bugs are looked for. */
export function promisedBetween(version: string): Promises | undefined {
  const like = factsOf(version)?.columns.at(-1);
  const between = like === undefined ? undefined : betweenReleases(version, like);
  return between && { ...between.promises, labels: releaseOf(like as string).labels };
}

/** By a label, or by the release that answers as a version does. Throws a UsageError for any other word. */
function promisesNamed(word: string): Promises {
  const find = (label: string) => findRelease(label) ?? findRelease(labelTakenFor(label) ?? "");
  return orNearest(
    "release",
    word,
    find,
    RELEASES.flatMap(({ labels }) => labels),
    placeOf,
  );
}

/** Of the releases that its version may answer as, or of all, the newest that answers the probes most alike. */
function nearestRelease(version: string | undefined, holds: readonly string[]): Promises {
  const columns = version === undefined ? undefined : factsOf(version)?.columns;
  const possible = columns === undefined || columns.length === 0 ? RELEASES : columns.map(releaseOf);
  const withTree = possible.filter(({ percpu }) => percpu);
  const ranked = (withTree.length > 0 ? withTree : RELEASES.filter(({ percpu }) => percpu))
    .map((release) => ({ release, wrong: disagreements(release, holds).length }))
    .reverse()
    .sort((a, b) => a.wrong - b.wrong);
  return (ranked[0] as (typeof ranked)[number]).release;
}

function disagreements(release: Promises, holds: readonly string[]): string[] {
  const version = versionOf(release.labels[0] as string) as Version;
  return PROBES.filter(({ since, until }) => since !== undefined || until !== undefined).flatMap(
    ({ name, says, since, until }) => {
      const expected =
        (since === undefined || compareVersions(version, versionOf(since) as Version) >= 0) &&
        (until === undefined || compareVersions(version, versionOf(until) as Version) <= 0);
      if (expected === holds.includes(name)) return [];
      return [
        expected
          ? `${says}: not found, though ${version.text} has it`
          : `${says}: found, though ${version.text} has it not`,
      ];
    },
  );
}
