/** `list`: the words that other jobs take; or all about one bug or kernel. */
import { type HistoryFile, readHistory } from "../adapters/vmap/history-file.ts";
import type { Break, Bug } from "../counterexamples/bug.ts";
import { BUGS, bugCalled } from "../counterexamples/vmap/index.ts";
import type { InterleavedBug } from "../counterexamples/vmap/interleaved.ts";
import { INTERLEAVED, interleavedCalled } from "../counterexamples/vmap/interleavings.ts";
import { rangesLike, variants } from "../kernels/versions.ts";
import { KERNELS } from "../kernels/vmap/index.ts";
import { SCOPES } from "../properties/vmap/random-scopes.ts";
import { programOf } from "../protocols/program-text.ts";
import { PROTOCOLS, STEP_PROTOCOLS } from "../protocols/vmap/index.ts";
import type { LawId } from "../spec/contract.ts";
import { versionOf } from "../spec/vmap/change.ts";
import { isPromised } from "../spec/vmap/kernel.ts";
import { LAWS } from "../spec/vmap/laws/index.ts";
import type { Promises } from "../spec/vmap/releases.ts";
import { protocolsOf } from "./interleaved-orders.ts";
import { breaksOf } from "./lineage.ts";
import { checkedFor, kernelNamed, replayLine } from "./names.ts";
import { pinnedFile, readPinnedInterleaving } from "./pinned.ts";
import { spansJson } from "./spans.ts";
import { orNearest } from "./usage-error.ts";
import type { VersionFacts } from "./versions.ts";

/** All the words, each with what stands for it. */
export function list() {
  const kernels = KERNELS.map(({ release }) => kernelJson(release));
  const others = variants().map(({ release }) => kernelJson(release));
  const laws = LAWS.map(({ id, says, source }) => ({ id, says, source }));
  const bugs = BUGS.map(({ id, number, says, source, fixed, breaks }) => ({
    id,
    number: number ?? null,
    says,
    source,
    fixed,
    spans: spansJson(id),
    breaks: breaks.map(({ law, on }) => ({ law, on, notPromisedBy: notPromisedBy(law, on) })),
  }));
  const interleaved = INTERLEAVED.map(({ id, number, says, source, fixed, breaks }) => ({
    id,
    number: number ?? null,
    says,
    source,
    fixed,
    spans: spansJson(id),
    breaks: breaks.map(({ law, protocol, scope }) => ({ law, on: [protocol], scope })),
  }));
  const protocols = PROTOCOLS.map(({ name, says, parameters }) => ({ name, says, parameters }));
  return { kernels, variants: others, laws, bugs, interleaved, protocols, scopes: SCOPES };
}

function kernelJson(release: Promises) {
  const version = versionOf(release.labels[0] as string);
  return {
    labels: release.labels,
    like: release.like ?? null,
    standsFor: rangesLike(release.labels[0] as string),
    protocols: version === undefined ? [] : protocolsOf(version),
    promises: release.laws,
  };
}

/** A bug of the catalogue at the grains that it has, with its pinned histories. */
export interface WholeBug {
  readonly calls: Bug | undefined;
  readonly pinned: readonly { readonly broken: Break; readonly history: HistoryFile }[];
  readonly steps: InterleavedBug | undefined;
  /** Of each law at the step grain: the steps of its pinned run. */
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
    (calls?.breaks ?? []).map(async (broken) => ({
      broken,
      history: await readHistory(pinnedFile(calls as Bug, broken)),
    })),
  );
  const runs = await Promise.all(
    (steps?.breaks ?? []).map((broken) => readPinnedInterleaving(steps as InterleavedBug, broken)),
  );
  return { bug: { calls, pinned, steps, lengths: runs.map((run) => run.steps.length) } };
}

export function wholeKernelJson(release: Promises) {
  const own = kernelJson(release);
  const violated = breaksOf(kernelNamed(release.labels[0] as string));
  return {
    ...own,
    guard: release.guard,
    fragments: release.fragments,
    pools: release.pools,
    bugs: BUGS.filter(({ breaks }) => breaks.some((each) => violated.has(each))).map(
      ({ id, number, breaks }) => ({
        id,
        number: number ?? null,
        laws: [...new Set(breaks.filter((each) => violated.has(each)).map(({ law }) => law))],
        spans: spansJson(id),
      }),
    ),
    interleaved: INTERLEAVED.filter(({ breaks }) =>
      breaks.some(({ protocol, also = [] }) =>
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
    interleaved: (steps?.breaks ?? []).map(({ law, protocol, also = [], scope, repaired }, nth) => ({
      law,
      on: [protocol, ...also],
      scope,
      repaired,
      steps: lengths[nth],
      replay: replayLine(`${id} --law ${law} --grain step`),
    })),
  };
}

/** The kernels that break a law they do not promise: they fall short of it. */
function notPromisedBy(law: LawId, on: readonly string[]): readonly string[] {
  return on.filter((name) => !isPromised(kernelNamed(name), law));
}

/** What a CPU does in a protocol, with its usual parameters. Throws a UsageError where there is none of that name. */
export function listProgram(protocol: string) {
  const { name, says, parameters, machine } = orNearest(
    "protocol of CPUs",
    protocol,
    (word) => STEP_PROTOCOLS.find((each) => each.name === word),
    STEP_PROTOCOLS.map((each) => each.name),
  );
  const scope = Object.fromEntries(Object.entries(parameters).map(([key, { usual }]) => [key, usual]));
  return { protocol: name, says, scope, program: programOf(machine(scope)) };
}
