/** `list NAME`: all about one bug or kernel. */
import { type HistoryFile, readHistory } from "../adapters/vmap/history-file.ts";
import type { Bug, PinnedViolation } from "../counterexamples/bug.ts";
import type { InterleavedBug } from "../counterexamples/interleaved.ts";
import { INTERLEAVED, interleavedCalled } from "../counterexamples/interleavings.ts";
import { BUGS, bugCalled } from "../counterexamples/vmap/index.ts";
import type { Promises } from "../spec/vmap/promises.ts";
import { violationsOf } from "./lineage.ts";
import { kernelJson } from "./list.ts";
import { checkedFor, kernelNamed, replayLine } from "./names.ts";
import { pinnedFile, readPinnedInterleaving } from "./pinned.ts";
import { spansJson } from "./spans.ts";
import type { VersionFacts } from "./versions.ts";

/** A bug of the catalogue at its grains, with its pinned histories. */
export interface WholeBug {
  readonly calls: Bug | undefined;
  readonly pinned: readonly { readonly broken: PinnedViolation; readonly history: HistoryFile }[];
  readonly steps: InterleavedBug | undefined;
  /** For each law at the step grain: the steps of its pinned run. */
  readonly lengths: readonly number[];
}

/** All about one: a bug by its slug or number, at both grains, or a kernel by a label or a version. */
export type Listed =
  | { readonly bug: WholeBug }
  | { readonly version: VersionFacts | undefined; readonly releases: readonly Promises[] };

export async function listOne(name: string): Promise<Listed> {
  const [calls, steps] = [bugCalled(name), interleavedCalled(name)];
  if (calls === undefined && steps === undefined) {
    const { kernels, facts } = checkedFor(name);
    return { version: facts, releases: kernels.map(({ release }) => release) };
  }
  const pinned = await Promise.all(
    (calls?.violations ?? []).map(async (broken) => ({
      broken,
      history: await readHistory(pinnedFile(calls as Bug, broken)),
    })),
  );
  const runs = await Promise.all(
    (steps?.violations ?? []).map((broken) => readPinnedInterleaving(steps as InterleavedBug, broken)),
  );
  return { bug: { calls, pinned, steps, lengths: runs.map((run) => run.steps.length) } };
}

export function wholeKernelJson(release: Promises) {
  const own = kernelJson(release);
  const violated = violationsOf(kernelNamed(release.labels[0] as string));
  return {
    ...own,
    guard: release.guard,
    fragments: release.fragments,
    pools: release.pools,
    bugs: BUGS.filter(({ violations }) => violations.some((each) => violated.has(each))).map(
      ({ id, number, violations }) => ({
        id,
        number: number ?? null,
        laws: [...new Set(violations.filter((each) => violated.has(each)).map(({ law }) => law))],
        spans: spansJson(id),
      }),
    ),
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
