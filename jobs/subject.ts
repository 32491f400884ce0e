/** Finds a subject by its name: protocols, kernels, and kernels with one step replaced. */
import { formatInterleaving } from "../adapters/interleaving-file.ts";
import { interleavedCalled, nameInterleaved } from "../counterexamples/interleavings.ts";
import { confirmRun, visitActions } from "../engine/actions.ts";
import type { MachineSource } from "../engine/search/parallel-worker.ts";
import type { Visitable } from "../engine/search/visitable.ts";
import { PROTOCOLS, STEP_PROTOCOLS } from "../protocols/index.ts";
import type { Protocol } from "../protocols/protocol.ts";
import { isConfirmed } from "../protocols/run-steps.ts";
import type { LawId } from "../spec/contract.ts";
import type { Kernel } from "../spec/vmap/kernel.ts";
import type { OpenWing, Search, Kernel as WingKernel } from "../spec/wing.ts";
import { orderCalled } from "./interleaved-orders.ts";
import { kernelSubject } from "./kernel-subject.ts";
import { parametersOf } from "./parameters.ts";
import type { Parameters, Reductions, Report, Subject } from "./subject-types.ts";
import { orNearest } from "./usage-error.ts";
import { OPEN_VMAP } from "./vmap/open-wing.ts";
import { SEARCH_VMAP } from "./vmap/search.ts";
import { bugOf, kernelNames, WINGS } from "./wings.ts";

/** A user's request to explore. */
export interface SubjectRef extends Reductions {
  readonly machine: string;
  /** A law that judges it as well, if its release does not promise it. */
  readonly law?: LawId | undefined;
  readonly parameters: Parameters;
}

/** The wings whose kernels can be explored; more are added when a name may be of them. */
const SEARCHED: { readonly wing: OpenWing; readonly search: Search }[] = [
  { wing: OPEN_VMAP, search: SEARCH_VMAP },
];

/** Loads the wings that may have a machine of this name: to be awaited before it is looked for. */
export async function prepare(name: string): Promise<void> {
  if (subjectItself(name, undefined) !== undefined) return;
  for (const { name: other, open } of WINGS) {
    if (SEARCHED.some(({ wing }) => wing.name === other)) continue;
    const wing = await open();
    SEARCHED.push({ wing, search: await wing.search() });
  }
}

/** A machine, judged also by the requested law, if there is one. */
export function subjectNamed(name: string, law?: LawId): Subject {
  const find = (word: string) => findSubject(word, law);
  const kernels = SEARCHED.flatMap(({ wing }) => kernelNames(wing));
  const why = () => SEARCHED.map(({ wing }) => wing.whyNoKernel(name)).find((each) => each !== undefined);
  return orNearest("machine", name, find, [...PROTOCOLS.map((each) => each.name), ...kernels], why);
}

/** A kernel of one's own, which is of the first wing. */
export function ownSubject(kernel: Kernel, law?: LawId): Subject {
  return kernelSubject(OPEN_VMAP, SEARCH_VMAP, kernel, law);
}

/** The machine itself. */
export function machineOf({ machine, law, parameters, ...reductions }: SubjectRef): Visitable {
  return subjectNamed(machine, law).open(parameters, reductions).machine;
}

/** The same, as threads build it. */
export async function machineInThread(given: SubjectRef): Promise<Visitable> {
  await prepare(given.machine);
  return machineOf(given);
}

export function sourceOf(given: SubjectRef): MachineSource {
  return { module: import.meta.url, name: machineInThread.name, given };
}

function findSubject(name: string, law: LawId | undefined): Subject | undefined {
  return subjectItself(name, law) ?? protocolWith(name, law);
}

function subjectItself(name: string, law: LawId | undefined): Subject | undefined {
  const protocol = PROTOCOLS.find((each) => each.name === (orderCalled(name) ?? name));
  if (protocol !== undefined) return protocolSubject(protocol);
  for (const { wing, search } of SEARCHED) {
    const kernel = wing.kernelCalled(name) ?? releaseWith(wing, name, law);
    if (kernel !== undefined) return kernelSubject(wing, search, kernel, law);
  }
  return undefined;
}

/** The first kernel on which a bug violates this law, or any. */
function releaseWith(wing: OpenWing, bug: string, law: LawId | undefined): WingKernel | undefined {
  const on = ofLaw(bugOf(wing, bug)?.violations, law)?.on[0];
  return on === undefined ? undefined : wing.kernelCalled(on);
}

/** The law to ask for so that a bug shows; undefined if the usual scope judges one that it violates, and for no bug. */
export function lawThatShows(name: string): LawId | undefined {
  const laws = SEARCHED.flatMap(({ wing }) => bugOf(wing, name)?.violations ?? []).map(({ law }) => law);
  if (laws.length === 0) return undefined;
  const isJudged = (law: LawId, asked?: LawId) => {
    const subject = subjectNamed(name, asked);
    const { machine } = subject.open(parametersOf(subject), { merged: true, orders: "all" });
    return machine.laws.some(({ id }) => id === law);
  };
  return laws.some((law) => isJudged(law)) ? undefined : laws.find((law) => isJudged(law, law));
}

/** The bug of this name, if none of these reports shows it. */
export function bugUnseen(name: string, reports: readonly Report[]): string | undefined {
  const bug = SEARCHED.map(({ wing }) => bugOf(wing, name)).find((each) => each !== undefined);
  if (bug !== undefined) return reports.some((report) => report.bug === bug.id) ? undefined : bug.id;
  // Several bugs of a protocol may violate one law: a report names the first.
  const steps = interleavedCalled(name);
  return steps?.violations.some(({ law }) => reports.some((report) => report.law === law))
    ? undefined
    : steps?.id;
}

/** The first violation of this law, or of any. */
function ofLaw<V extends { readonly law: LawId }>(violations: readonly V[] = [], law?: LawId): V | undefined {
  return violations.find((each) => law === undefined || each.law === law);
}

/** The protocol in which a bug of the step grain is pinned; its scope is the usual one. */
function protocolWith(bug: string, law: LawId | undefined): Subject | undefined {
  const pinned = ofLaw(interleavedCalled(bug)?.violations, law);
  const protocol = PROTOCOLS.find(({ name }) => name === pinned?.protocol);
  if (pinned === undefined || protocol === undefined) return undefined;
  const parameters = Object.entries(protocol.parameters).map(([key, each]) => [
    key,
    { ...each, usual: pinned.scope[key] ?? each.usual },
  ]);
  return { ...protocolSubject(protocol), parameters: Object.fromEntries(parameters) };
}

const DELAYED =
  "steps delayed: a CPU caches a page when its PTE is about to be cleared, a map begins with its search";

function protocolSubject(protocol: Protocol): Subject {
  const steps = STEP_PROTOCOLS.find(({ name }) => name === protocol.name);
  return {
    ...protocol,
    continuesAfterViolation: false,
    hasFootprints: true,
    ...(steps === undefined ? {} : { steps }),
    open: (parameters, { merged, orders }) => {
      const delayed = orders === "all" ? undefined : steps?.delayed?.(parameters);
      const packed = delayed ?? protocol.machine(parameters);
      const visited = visitActions(packed, { symmetry: merged, partialOrder: orders === "fewest" });
      const machine =
        delayed === undefined ? visited : { ...visited, reductions: [...visited.reductions, DELAYED] };
      return {
        grain: "step",
        machine,
        packed,
        explain: ({ law, run }) => {
          if (!confirmRun(packed, law, run))
            throw new Error(`vmapcheck itself is wrong: the run found does not violate ${law}`);
          const history = run.map((action) => packed.actions[action]?.name ?? "");
          const bug = nameInterleaved(protocol.name, law);
          const found = { protocol: protocol.name, scope: parameters, law, steps: history };
          const isReplayed = steps !== undefined && isConfirmed(steps.machine(parameters), found);
          const file = isReplayed ? formatInterleaving(found) : undefined;
          const listed = bug !== undefined;
          return { law, run, history, played: [], bug, listed, promised: true, file };
        },
      };
    },
  };
}
