/** A replayed history as a film: each step with what it changed in the address space, and the violation explained. */
import type { Bug } from "../../counterexamples/bug.ts";
import { interleavedCalled } from "../../counterexamples/vmap/interleavings.ts";
import { KERNELS } from "../../kernels/vmap/index.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import type { DumpedCache, Kernel } from "../../spec/vmap/kernel.ts";
import { ALL_LAWS } from "../../spec/vmap/laws/index.ts";
import { newAreas, requestOf, windowOf } from "../../spec/vmap/laws/law.ts";
import { possibleCpus, type Scope } from "../../spec/vmap/scope.ts";
import type { Extent, Vpn } from "../../spec/vmap/vocabulary.ts";
import { commandText, responseText } from "../command-text.ts";
import { replayLine } from "../names.ts";
import type { ReplayedHistory } from "../replay.ts";
import type { ReplayedRecording } from "../replay-recording.ts";
import { UsageError } from "../usage-error.ts";
import type { Violation } from "../violation.ts";
import { blameFor, type Judged } from "./blame.ts";
import type { BugEntry, Film, FilmScope, FilmStep, FilmViolation } from "./documents.ts";
import { cutsOf, ThingsBefore } from "./things.ts";

/** A longer history is not drawn. */
const MOST_STEPS = 100_000;

export const bugEntry = ({
  id,
  number,
  says,
  source,
  fixed,
}: Omit<BugEntry, "number"> & { number: string | undefined }): BugEntry => ({
  id,
  number: number ?? null,
  says,
  source,
  fixed,
});

export function filmOfHistory(found: ReplayedHistory, words: string): Film {
  const { name, history, kernel, called, rerun, bug, last, violations, stopped } = found;
  const played = filmed(stepsOf(found), history.scope, kernel);
  const [meant] = violations;
  const where = `in step ${last + 1} of ${history.commands.length}`;
  return {
    kind: "film",
    name,
    about: rerun ? ["Its commands, run anew on our model: what was recorded is not shown."] : [],
    kernel: called,
    kernels: kernelsFor(bug, kernel.name),
    ...verdictOn(called, meant, stopped, where),
    violations: violations.map(violationEntry),
    bug: bug === undefined ? null : bugEntry(bug),
    twin: bug !== undefined && interleavedCalled(bug.id) !== undefined ? bug.id : null,
    scope: scopeEntry(history.scope),
    guard: guardOf(kernel.release.guard),
    ...played.film,
    of: history.commands.length,
    blame: blameOf(meant, played.last),
    command: replayLine(words),
  };
}

export function filmOfRecording(found: ReplayedRecording, words: string): Film {
  const { chosen, file, violations, stopped, last } = found;
  if ("traces" in chosen)
    throw new UsageError(
      `${file}: ${chosen.traces} traces, none of which violates a law: --trace LINE shows one`,
    );
  const { trace, judging } = chosen;
  const played = filmed(found.play(), trace.scope, undefined, last);
  const [meant] = violations;
  const where = `in step ${last + 1} of ${trace.exchanges.length}`;
  return {
    kind: "film",
    name: `${file}, line ${trace.line}`,
    about: [
      "The replies are the recorded ones: nothing was run.",
      `Judged by ${judging.by ?? `the promises of ${trace.label}`}.`,
    ],
    kernel: trace.label,
    kernels: [],
    ...verdictOn(trace.label, meant, stopped, where),
    violations: violations.map(violationEntry),
    bug: null,
    twin: null,
    scope: scopeEntry(trace.scope),
    guard: guardOf(judging.promises.guard),
    ...played.film,
    of: trace.exchanges.length,
    blame: blameOf(meant, played.last),
    command: replayLine(words),
  };
}

type Played = Judged & { readonly step?: HistoryStep; readonly violated: readonly { readonly id: string }[] };

function* stepsOf(found: ReplayedHistory): Generator<Played, void, undefined> {
  if (found.last >= MOST_STEPS)
    throw new UsageError(
      `${found.name}: a film has at most ${MOST_STEPS} steps, and it has ${found.last + 1}`,
    );
  for (const now of found.play(true)) {
    yield now;
    if (now.index === found.last) return;
  }
}

/** Plays a history once, and notes what changes from step to step. */
function filmed(
  played: Iterable<Played | (Judged & { readonly laws: readonly { readonly id: string }[] })>,
  scope: Scope,
  kernel: Kernel | undefined,
  last = Number.POSITIVE_INFINITY,
) {
  const things = new ThingsBefore();
  const cacheAfter = cacheOf(kernel, scope);
  const got = new Map<Vpn, number>();
  const steps: FilmStep[] = [];
  const extents: Extent[] = [];
  let now: Judged | undefined;
  for (const each of played) {
    now = each;
    const { index, command, response, before, after } = each;
    for (const start of startsOf(each)) got.set(start, index);
    const world = after ?? before;
    const changes = things.changesTo(world, got, cacheAfter(command));
    const focus = focusOf(each);
    const window = windowAsked(each);
    extents.push(...focus, ...(window === null ? [] : [window]));
    for (const [, thing] of changes) if (thing !== null) extents.push(thing);
    const violated = "violated" in each ? each.violated : each.laws;
    steps.push({
      command:
        command === undefined ? idleText("step" in each ? each.step : undefined) : commandText(command),
      reply: response === undefined ? "it got nothing, and does nothing" : responseText(response),
      laws: violated.map(({ id }) => id),
      flushes: response?.flushes ?? [],
      lazyPages: world.lazyPages,
      changes,
      focus,
      window,
    });
    if (index === last) break;
  }
  return { film: { steps, cuts: cutsOf(extents, scope.wordPages) }, last: now };
}

/** The free-area cache after each command, of a kernel that has one. */
function cacheOf(kernel: Kernel | undefined, scope: Scope) {
  const none = (): DumpedCache | undefined => undefined;
  if (kernel === undefined) return none;
  const state = kernel.initial(scope);
  if (kernel.dump(state).cache === undefined) return none;
  return (command: Judged["command"]): DumpedCache | undefined => {
    if (command !== undefined) kernel.act(state, command);
    return kernel.dump(state).cache;
  };
}

function idleText(step: HistoryStep | undefined): string {
  if (step === undefined) return "nothing";
  return "area" in step ? `${step.op} of what step ${step.area + 1} got` : step.op;
}

function startsOf({ before, command, response }: Judged): readonly Vpn[] {
  if (command === undefined || response?.kind !== "placed") return [];
  if (command.op !== "pcpuGet") return [response.start];
  return newAreas(before, command, response).map(({ start }) => start);
}

function windowAsked({ before, command }: Judged): Extent | null {
  const window = command && windowOf(before, command);
  return window === undefined ? null : { start: window.vstart, end: window.vend };
}

/** The extents that a step is about. */
function focusOf({ before, command, response }: Judged): Extent[] {
  if (command === undefined) return [];
  const flushes = response?.flushes ?? [];
  if ("page" in command) return [{ start: command.page, end: command.page + 1 }, ...flushes];
  if (response?.kind === "placed") {
    const areas = newAreas(before, command, response);
    return areas.length > 0 ? [...areas] : [{ start: response.start, end: response.start + 1 }];
  }
  if ("start" in command) return [{ start: command.start, end: command.start + 1 }, ...flushes];
  const request = requestOf(before, command);
  return request === undefined ? [...flushes] : [{ start: request.vstart, end: request.vend }];
}

function verdictOn(
  subject: string,
  meant: Violation | undefined,
  stopped: string | undefined,
  where: string,
): Pick<Film, "verdict" | "outcome"> {
  if (meant === undefined && stopped !== undefined)
    return {
      outcome: "stopped",
      verdict: `${subject} stops ${where}, and promises no better there: ${stopped}`,
    };
  if (meant === undefined)
    return {
      outcome: "accepted",
      verdict: `Accepted: ${subject} keeps every law that it is judged by in this history`,
    };
  return meant.promised
    ? { outcome: "violated", verdict: `${subject} violates ${meant.law} ${where}` }
    : {
        outcome: "short",
        verdict: `${subject} falls short of ${meant.law} ${where}, and does not promise it`,
      };
}

function violationEntry({ law, bug, promised }: Violation): FilmViolation {
  const { says = "", source = "" } = ALL_LAWS.find(({ id }) => id === law) ?? {};
  return { id: law, says, source, promised, bug: bug === undefined ? null : bugEntry(bug) };
}

function blameOf(meant: Violation | undefined, last: Judged | undefined): Film["blame"] {
  if (meant === undefined || last === undefined) return null;
  return blameFor(meant.law, last) ?? { text: "", marks: [] };
}

/** The kernels that the history may be played on: those on which the bug violates a law are listed. */
function kernelsFor(bug: Bug | undefined, own: string): Film["kernels"] {
  const on = new Set(bug?.violations.flatMap((each) => each.on));
  const names = [...new Set([own, ...KERNELS.map(({ name }) => name), ...on])];
  return names.map((name) => ({ name, listed: on.has(name) }));
}

function scopeEntry(scope: Scope): FilmScope {
  const { wordPages, lazyMaxPages, vmalloc, blockPages } = scope;
  const window = { start: vmalloc.vstart, end: vmalloc.vend };
  return { wordPages, cpus: possibleCpus(scope), lazyMaxPages, vmalloc: window, blockPages };
}

const guardOf = ({
  inside,
  afterArea,
  beforeNext,
}: {
  readonly inside: number;
  readonly afterArea: number;
  readonly beforeNext: number;
}): Film["guard"] => ({ inside, after: afterArea, before: beforeNext });
