/** `list NAME`: all about one bug, kernel, law or protocol. */

import type { InterleavedBug } from "../counterexamples/interleaved.ts";
import { INTERLEAVED, interleavedCalled } from "../counterexamples/interleavings.ts";
import { LABELLED } from "../kernels/versions.ts";
import { PROTOCOLS, stepMachineOf } from "../protocols/index.ts";
import type { StepMachine } from "../protocols/program.ts";
import { programOf } from "../protocols/program-text.ts";
import type { Protocol } from "../protocols/protocol.ts";
import type { LawId } from "../spec/contract.ts";
import { CONCEPT_LAWS } from "../spec/vmap/concepts.ts";
import type { Promises } from "../spec/vmap/promises.ts";
import * as STEP_LAWS from "../spec/vmap/step-laws.ts";
import {
  type Bug,
  type HistoryFile,
  isPromised,
  type Kernel,
  type OpenWing,
  type PinnedViolation,
} from "../spec/wing.ts";
import { protocolsOf } from "./interleaved-orders.ts";
import { kernelJson } from "./list.ts";
import { checkedFor, kernelNamed, replayLine } from "./names.ts";
import { allPinned, readPinned, readPinnedInterleaving } from "./pin/pinned.ts";
import { spansJson } from "./spans.ts";
import { isTreeName } from "./trees/trees.ts";
import { orNearest } from "./usage-error.ts";
import { factsOf, type VersionFacts } from "./versions.ts";
import { OPEN_VMAP } from "./vmap/open-wing.ts";
import { allWings, bugMeant, kernelMeant, kernelNames, opened } from "./wings.ts";

/** A bug of the catalogue at its grains, with its pinned histories. */
export interface WholeBug {
  readonly calls: Bug | undefined;
  readonly pinned: readonly { readonly broken: PinnedViolation; readonly history: HistoryFile }[];
  readonly steps: InterleavedBug | undefined;
  /** For each law at the step grain: the steps of its pinned run. */
  readonly lengths: readonly number[];
}

/** A law, who promises it, and the bugs that violate it. */
export interface WholeLaw {
  readonly id: LawId;
  readonly says: string;
  readonly source: string;
  readonly wings: readonly string[];
  /** Labels; none of a law that no release promises. */
  readonly promisedBy: readonly string[];
  readonly bugs: readonly Violating[];
  readonly interleaved: readonly Violating[];
}

interface Violating {
  readonly id: string;
  readonly number: string | null;
  /** Kernels, or protocols. */
  readonly on: readonly string[];
}

/** A protocol: what it takes, what a CPU calls in it, what it has to keep, and the bugs that it shows. */
export interface WholeProtocol extends Omit<Protocol, "machine"> {
  readonly calls: readonly string[];
  readonly laws: readonly LawId[];
  /** Labels of the releases that it describes. */
  readonly releases: readonly string[];
  readonly bugs: readonly {
    readonly id: string;
    readonly number: string | null;
    readonly laws: readonly LawId[];
  }[];
}

/** All about one: a bug by its slug or number, at both grains, a law, a protocol, or kernels by a label or a version. */
export type Listed =
  | { readonly bug: WholeBug }
  | { readonly law: WholeLaw }
  | { readonly protocol: WholeProtocol }
  | { readonly version: VersionFacts | undefined; readonly releases: readonly Promises[] }
  | { readonly wing: OpenWing; readonly kernel: Kernel };

export async function listOne(name: string): Promise<Listed> {
  const [calls, steps] = [await bugMeant(name), interleavedCalled(name)];
  if (calls === undefined && steps === undefined) {
    const law = await wholeLaw(name);
    if (law !== undefined) return { law };
    const protocol = PROTOCOLS.find((each) => each.name === name);
    if (protocol !== undefined) return { protocol: wholeProtocol(protocol) };
    await refuseUnknown(name);
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

/** Throws a UsageError with the nearest word of any kind for one that is no kernel either, nor nearly a version. */
async function refuseUnknown(name: string): Promise<void> {
  const wings = await allWings();
  if (isTreeName(name) || factsOf(name) !== undefined) return;
  if (wings.some((wing) => wing.kernelCalled(name) !== undefined || wing.whyNoKernel(name) !== undefined))
    return;
  const bugs = [...wings.flatMap((wing) => [...wing.bugs]), ...INTERLEAVED];
  const known = /^[a-z]\d+$/i.test(name)
    ? bugs.flatMap(({ number }) => number ?? [])
    : [
        ...bugs.map(({ id }) => id),
        ...wings.flatMap(({ laws }) => laws.map(({ id }) => id)),
        ...PROTOCOLS.map((each) => each.name),
        ...wings.flatMap(kernelNames),
      ];
  orNearest<never>("kernel, bug, law or protocol", name, () => undefined, [...new Set(known)]);
}

async function wholeLaw(id: string): Promise<WholeLaw | undefined> {
  const wings = (await allWings()).filter(({ laws }) => laws.some((law) => law.id === id));
  const interleaved = INTERLEAVED.flatMap((bug) => {
    const on = bug.violations.flatMap(({ law, protocol, also = [] }) =>
      law === id ? [protocol, ...also] : [],
    );
    return on.length === 0 ? [] : [violating(bug, on)];
  });
  const law = [...wings.flatMap(({ laws }) => [...laws]), ...CONCEPT_LAWS, ...Object.values(STEP_LAWS)].find(
    (each) => each.id === id,
  );
  const found = law ?? lawOfSteps(id);
  if (found === undefined) return undefined;
  return {
    id,
    says: found.says,
    source: (found as { readonly source?: string }).source ?? "",
    wings: wings.map(({ name }) => name),
    promisedBy: wings.flatMap(({ kernels }) =>
      kernels.filter((kernel) => isPromised(kernel, id)).flatMap(({ release }) => release.labels),
    ),
    bugs: wings.flatMap(({ bugs }) =>
      bugs.flatMap((bug) => {
        const on = bug.violations.flatMap((each) => (each.law === id ? each.on : []));
        return on.length === 0 ? [] : [violating(bug, on)];
      }),
    ),
    interleaved,
  };
}

/** A law of a protocol alone: an invariant, or what has to end. */
function lawOfSteps(id: string): { readonly says: string } | undefined {
  const isIt = (each: { readonly id: string }) => each.id === id || each.id.replace(/-\d+$/, "") === id;
  for (const { violations } of INTERLEAVED)
    for (const { protocol, scope } of violations.filter(({ law }) => isIt({ id: law }))) {
      const { invariants, eventuallyEnds = [] } = stepMachineOf(protocol, scope);
      const found = [...invariants, ...eventuallyEnds].find(isIt);
      if (found !== undefined) return found;
    }
  return undefined;
}

function violating({ id, number }: Pick<Bug, "id" | "number">, on: readonly string[]): Violating {
  return { id, number: number ?? null, on: [...new Set(on)] };
}

function wholeProtocol({ name, says, parameters, machine }: Protocol): WholeProtocol {
  const usual = Object.fromEntries(Object.entries(parameters).map(([key, { usual }]) => [key, usual]));
  const made = machine(usual);
  const program = "draw" in made ? programOf(made as StepMachine) : undefined;
  const asserted = made.actions.flatMap(({ asserts = [] }) => asserts.map(({ law }) => law.id));
  const invariant = [...made.invariants, ...(made.eventuallyEnds ?? [])].map(({ id }) =>
    id.replace(/-\d+$/, ""),
  );
  return {
    name,
    says,
    parameters,
    calls: program?.calls.map((call) => call.says) ?? [...new Set(made.actions.map((action) => action.name))],
    laws: [...new Set([...asserted, ...invariant])],
    releases: LABELLED.filter(({ version }) => protocolsOf(version).includes(name)).map(({ label }) => label),
    bugs: INTERLEAVED.flatMap((bug) => {
      const here = bug.violations.filter(({ protocol, also = [] }) => [protocol, ...also].includes(name));
      const { id, number } = bug;
      return here.length === 0
        ? []
        : [{ id, number: number ?? null, laws: [...new Set(here.map(({ law }) => law))] }];
    }),
  };
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
