/** `list NAME`: all about one bug or kernel. */
import type { InterleavedBug } from "../counterexamples/interleaved.ts";
import { INTERLEAVED, interleavedCalled } from "../counterexamples/interleavings.ts";
import type { Promises } from "../spec/vmap/promises.ts";
import type { Bug, HistoryFile, Kernel, OpenWing, PinnedViolation } from "../spec/wing.ts";
import { kernelJson } from "./list.ts";
import { checkedFor, kernelNamed, replayLine } from "./names.ts";
import { allPinned, readPinned, readPinnedInterleaving } from "./pinned.ts";
import { spansJson } from "./spans.ts";
import { factsOf, type VersionFacts } from "./versions.ts";
import { OPEN_VMAP } from "./vmap/open-wing.ts";
import { bugMeant, kernelMeant, opened } from "./wings.ts";

/** A bug of the catalogue at its grains, with its pinned histories. */
export interface WholeBug {
  readonly calls: Bug | undefined;
  readonly pinned: readonly { readonly broken: PinnedViolation; readonly history: HistoryFile }[];
  readonly steps: InterleavedBug | undefined;
  /** For each law at the step grain: the steps of its pinned run. */
  readonly lengths: readonly number[];
}

/** All about one: a bug by its slug or number, at both grains, or kernels by a label or a version. */
export type Listed =
  | { readonly bug: WholeBug }
  | { readonly version: VersionFacts | undefined; readonly releases: readonly Promises[] }
  | { readonly wing: OpenWing; readonly kernel: Kernel };

export async function listOne(name: string): Promise<Listed> {
  const [calls, steps] = [await bugMeant(name), interleavedCalled(name)];
  if (calls === undefined && steps === undefined) {
    const meant = factsOf(name) === undefined ? await kernelMeant(name) : undefined;
    if (meant !== undefined && meant.wing.name !== OPEN_VMAP.name)
      return { wing: await opened(meant.wing), kernel: meant.kernel };
    const { kernels, facts } = checkedFor(name);
    return { version: facts, releases: kernels.map(({ release }) => release) };
  }
  const open = calls && (await opened(calls.wing));
  const pinned = await Promise.all(
    (calls?.bug.violations ?? []).map(async (broken) => ({
      broken,
      history: await readPinned(open as OpenWing, calls?.bug as Bug, broken),
    })),
  );
  const runs = await Promise.all(
    (steps?.violations ?? []).map((broken) => readPinnedInterleaving(steps as InterleavedBug, broken)),
  );
  return { bug: { calls: calls?.bug, pinned, steps, lengths: runs.map((run) => run.steps.length) } };
}

/** A kernel's violations by the catalogue: by its own entries, and by those it inherited. */
export function violationsOf(wing: OpenWing, kernel: Kernel): ReadonlySet<PinnedViolation> {
  const own = allPinned(wing).filter(({ pinned }) => pinned.on.includes(kernel.name));
  return new Set([...own.map(({ pinned }) => pinned), ...wing.inheritanceOf(kernel).violations]);
}

/** The bugs of a kernel, each with the laws that it violates there. */
export function bugsOf(
  wing: OpenWing,
  kernel: Kernel,
): readonly { readonly bug: Bug; readonly laws: readonly string[] }[] {
  const violated = violationsOf(wing, kernel);
  return wing.bugs.flatMap((bug) => {
    const laws = bug.violations.filter((each) => violated.has(each)).map(({ law }) => law);
    return laws.length === 0 ? [] : [{ bug, laws: [...new Set(laws)] }];
  });
}

/** What is known of a kernel of any wing. */
export function kernelOfWingJson(wing: OpenWing, kernel: Kernel) {
  return {
    ...kernelJson(kernel.name, kernel.release),
    wing: wing.name,
    bugs: bugsOf(wing, kernel).map(({ bug: { id, number }, laws }) => ({
      id,
      number: number ?? null,
      laws,
      spans: spansJson(id),
    })),
  };
}

export function wholeKernelJson(release: Promises) {
  const own = kernelOfWingJson(OPEN_VMAP, kernelNamed(release.labels[0] as string));
  return {
    ...own,
    guard: release.guard,
    fragments: release.fragments,
    pools: release.pools,
    interleaved: INTERLEAVED.filter(({ violations }) =>
      violations.some(({ protocol, also = [] }) =>
        [protocol, ...also].some((name) => own.protocols.includes(name)),
      ),
    ).map(({ id, number }) => ({ id, number: number ?? null, spans: spansJson(id) })),
  };
}

export function bugJson({ calls, pinned, steps, lengths }: WholeBug) {
  const { id, number, source, fixed } = (calls ?? steps) as Bug | InterleavedBug;
  return {
    id,
    number: number ?? null,
    says: [calls?.says, steps?.says].find((says) => says !== undefined),
    source,
    fixed,
    spans: spansJson(id),
    breaks: pinned.map(({ broken: { law, on }, history }) => ({
      law,
      on,
      commands: history.commands.length,
      replay: replayLine(`${id} --law ${law} --kernel ${history.kernel}`),
    })),
    interleaved: (steps?.violations ?? []).map(({ law, protocol, also = [], scope, repaired }, nth) => ({
      law,
      on: [protocol, ...also],
      scope,
      repaired,
      steps: lengths[nth],
      replay: replayLine(`${id} --law ${law} --grain step`),
    })),
  };
}
