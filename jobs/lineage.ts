/**
 * What a kernel inherited: the bugs of the one it was derived from whose pinned histories break the same laws on it. A
 * release names what it was derived from (`like`); a kernel with one step replaced is derived from its release.
 */
import { readFileSync } from "node:fs";
import { type HistoryFile, historyIn } from "../adapters/vmap/history-file.ts";
import type { Break, Bug, Evidence } from "../counterexamples/bug.ts";
import { replay } from "../engine/run/stepper.ts";
import { bugsIn } from "../kernels/versions.ts";
import { settingFor } from "../properties/vmap/test-bench.ts";
import { versionOf } from "../spec/vmap/change.ts";
import { whyUnmodelled } from "../spec/vmap/history.ts";
import { heldTo, type Kernel } from "../spec/vmap/kernel.ts";
import { lineageOf } from "../spec/vmap/releases.ts";
import { allPinned, pinnedFile } from "./pinned.ts";

export interface Inheritance {
  readonly breaks: ReadonlySet<Break>;
  /** Bugs of what it was derived from that it has not: none of their histories breaks its law here. */
  readonly gone: readonly Bug[];
}

/** By what a kernel does: the same kernel held to another law, or under another name, does the same. */
const KNOWN = new WeakMap<Kernel["act"], Map<string, Inheritance>>();

export function inheritanceOf(kernel: Kernel): Inheritance {
  const byName = KNOWN.get(kernel.act) ?? new Map<string, Inheritance>();
  KNOWN.set(kernel.act, byName);
  const known = byName.get(kernel.name) ?? inherit(kernel);
  byName.set(kernel.name, known);
  return known;
}

/** What it violates by the catalogue: by its own entries, and by those it inherited. */
export function breaksOf(kernel: Kernel): ReadonlySet<Break> {
  const own = allPinned().filter(({ pinned }) => pinned.on.includes(kernel.name));
  return new Set([...own.map(({ pinned }) => pinned), ...inheritanceOf(kernel).breaks]);
}

function inherit(kernel: Kernel): Inheritance {
  const candidates = candidatesFor(kernel);
  const breaks: typeof candidates = [];
  for (const each of candidates) {
    const evidence = evidenceOf(kernel, each);
    if (evidence === undefined || !each.bug.explains(evidence)) continue;
    // Where several bugs would do, the first in the catalogue gives the name.
    const isNamed = breaks.some(
      ({ bug, pinned }) => bug !== each.bug && pinned.law === each.pinned.law && bug.explains(evidence),
    );
    if (!isNamed) breaks.push(each);
  }
  const ancestors = lineageOf(kernel.release);
  const gone = candidates
    .filter(({ bug }) => !breaks.some((each) => each.bug === bug))
    .filter(({ pinned }) => !kernel.release.compiled || pinned.on.some((each) => ancestors.includes(each)))
    .map(({ bug }) => bug);
  const isDerived = candidates.length > 0 && ancestors.some((each) => each !== kernel.name);
  return {
    breaks: new Set(breaks.map(({ pinned }) => pinned)),
    gone: isDerived ? [...new Set(gone)] : [],
  };
}

/**
 * What the catalogue lists for its ancestors and not for itself, or the bibliography for the version that it is named
 * after. A kernel that the catalogue does not list at all, and that names no ancestor, may have any of its bugs; so may
 * code that was compiled, its ancestor's own first.
 */
function candidatesFor({ name, release }: Kernel): Candidate[] {
  const ancestors = lineageOf(release).filter((each) => each !== name);
  // An allocator of one's own is no Linux: it has bugs of its own.
  if (release.own === true) return [];
  const isListed = allPinned().some(({ pinned }) => pinned.on.includes(name));
  if (release.compiled) {
    const isOwn = ({ pinned }: Candidate) => pinned.on.some((each) => ancestors.includes(each));
    return [...allPinned()].sort((a, b) => Number(isOwn(b)) - Number(isOwn(a)));
  }
  const version = ancestors.length === 0 ? undefined : versionOf(name);
  const dated = version === undefined ? [] : bugsIn(version).has;
  return allPinned()
    .filter(({ pinned }) => !pinned.on.includes(name))
    .filter(({ bug, pinned }) =>
      ancestors.length === 0
        ? !isListed
        : dated.includes(bug.id) || pinned.on.some((each) => ancestors.includes(each)),
    );
}

/** What a judge sees where the pinned history breaks its law with its last command; undefined if it does not. */
function evidenceOf(kernel: Kernel, { bug, pinned }: Candidate): Evidence | undefined {
  const { law } = pinned;
  const { scope, commands } = readPinned(bug, pinned.pinned);
  if (whyUnmodelled(commands, kernel.release) !== undefined) return undefined;
  const last = replay(settingFor(heldTo(kernel, law), scope), commands, law).at(-1);
  if (last?.command === undefined || last.response === undefined) return undefined;
  const { before, command, response, after } = last;
  const isLast = last.index === commands.length - 1 && last.broken.some(({ id }) => id === law);
  return isLast ? { law, before, command, response, after } : undefined;
}

type Candidate = ReturnType<typeof allPinned>[number];

function readPinned(bug: Bug, name: string): HistoryFile {
  const path = pinnedFile(bug, { pinned: name });
  return historyIn(path, JSON.parse(readFileSync(path, "utf8")));
}
