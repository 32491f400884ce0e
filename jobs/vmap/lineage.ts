/**
 * The bugs that a kernel inherited: those of its ancestor whose pinned histories violate the same laws on it. A release
 * names what it was derived from (`like`); a kernel with one step replaced is derived from its release.
 */
import { readFileSync } from "node:fs";
import { type HistoryFile, historyIn } from "../../adapters/vmap/history-file.ts";
import type { Bug, Evidence, PinnedViolation } from "../../counterexamples/vmap/bug.ts";
import { BUGS } from "../../counterexamples/vmap/index.ts";
import { replay } from "../../engine/run/stepper.ts";
import { bugsIn } from "../../kernels/versions.ts";
import { benchFor } from "../../properties/vmap/test-bench.ts";
import { versionOf } from "../../spec/vmap/change.ts";
import { whyUnmodelled } from "../../spec/vmap/history.ts";
import { judgedAlsoBy, type Kernel } from "../../spec/vmap/kernel.ts";
import { lineageOf } from "../../spec/vmap/releases.ts";
import { allPinned, pinnedFile } from "../pin/pinned.ts";

export interface Inheritance {
  readonly violations: ReadonlySet<PinnedViolation>;
  /** Bugs of its ancestor that it does not have: none of their histories violates its law here. */
  readonly gone: readonly Bug[];
}

/** By the kernel's functions: a kernel judged by another law, or under another name, has the same ones. */
const KNOWN = new WeakMap<Kernel["act"], Map<string, Inheritance>>();

export function inheritanceOf(kernel: Kernel): Inheritance {
  const byName = KNOWN.get(kernel.act) ?? new Map<string, Inheritance>();
  KNOWN.set(kernel.act, byName);
  const known = byName.get(kernel.name) ?? inherit(kernel);
  byName.set(kernel.name, known);
  return known;
}

function inherit(kernel: Kernel): Inheritance {
  const candidates = candidatesFor(kernel);
  const violations: typeof candidates = [];
  for (const each of candidates) {
    const evidence = evidenceOf(kernel, each);
    if (evidence === undefined || !each.bug.explains(evidence)) continue;
    // If several bugs explain it, the first in the catalogue gives the name.
    const isNamed = violations.some(
      ({ bug, pinned }) => bug !== each.bug && pinned.law === each.pinned.law && bug.explains(evidence),
    );
    if (!isNamed) violations.push(each);
  }
  const ancestors = lineageOf(kernel.release);
  const gone = candidates
    .filter(({ bug }) => !violations.some((each) => each.bug === bug))
    .filter(({ pinned }) => !kernel.release.compiled || pinned.on.some((each) => ancestors.includes(each)))
    .map(({ bug }) => bug);
  const isDerived = candidates.length > 0 && ancestors.some((each) => each !== kernel.name);
  return {
    violations: new Set(violations.map(({ pinned }) => pinned)),
    gone: isDerived ? [...new Set(gone)] : [],
  };
}

/**
 * Bugs that the catalogue lists for the kernel's ancestors and not for itself, or the bibliography for the version in
 * its name. A kernel without a listing and an ancestor may have any bug; so may compiled code, its ancestor's own bugs
 * first.
 */
function candidatesFor({ name, release }: Kernel): Candidate[] {
  const ancestors = lineageOf(release).filter((each) => each !== name);
  // A custom allocator is not Linux: it has bugs of its own.
  if (release.own === true) return [];
  const isListed = PINNED.some(({ pinned }) => pinned.on.includes(name));
  if (release.compiled) {
    const isOwn = ({ pinned }: Candidate) => pinned.on.some((each) => ancestors.includes(each));
    return [...PINNED].sort((a, b) => Number(isOwn(b)) - Number(isOwn(a)));
  }
  const version = ancestors.length === 0 ? undefined : versionOf(name);
  const dated = version === undefined ? [] : bugsIn(version).has;
  return PINNED.filter(({ pinned }) => !pinned.on.includes(name)).filter(({ bug, pinned }) =>
    ancestors.length === 0
      ? !isListed
      : dated.includes(bug.id) || pinned.on.some((each) => ancestors.includes(each)),
  );
}

/** The evidence if the pinned history violates its law with its last command; undefined if it does not. */
function evidenceOf(kernel: Kernel, { bug, pinned }: Candidate): Evidence | undefined {
  const { law } = pinned;
  const { scope, commands } = readPinned(bug, pinned.pinned);
  if (whyUnmodelled(commands, kernel.release) !== undefined) return undefined;
  const last = replay(benchFor(judgedAlsoBy(kernel, law), scope), commands, law).at(-1);
  if (last?.command === undefined || last.response === undefined) return undefined;
  const { before, command, response, after } = last;
  const isLast = last.index === commands.length - 1 && last.violated.some(({ id }) => id === law);
  return isLast ? { law, before, command, response, after } : undefined;
}

/** Every pinned history of the catalogue, with its bug. */
const PINNED = allPinned({ bugs: BUGS });
type Candidate = (typeof PINNED)[number];

function readPinned(bug: Bug, name: string): HistoryFile {
  const path = pinnedFile(bug, { pinned: name });
  return historyIn(path, JSON.parse(readFileSync(path, "utf8")));
}
