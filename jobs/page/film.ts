/** A replayed history as a film: each step with what it changed in the address space, and the violation explained. */
import type { Violation } from "../../counterexamples/attribution.ts";
import { interleavedCalled } from "../../counterexamples/interleavings.ts";
import type { Bug, OpenWing, Terms } from "../../spec/wing.ts";
import { replayLine } from "../names.ts";
import type { ReplayedHistory } from "../replay.ts";
import type { ReplayedRecording } from "../replay-recording.ts";
import { UsageError } from "../usage-error.ts";
import type { BugEntry, Film, FilmStep, FilmViolation } from "./documents.ts";
import type { Follower, Illustration, JudgedOf } from "./illustration.ts";
import { illustrationOf } from "./illustrations.ts";

/** A longer history is not drawn. */
const MOST_STEPS = 100_000;
/** A longer one is not sent a second time, as a file. */
const MOST_SAVED = 1000;

export const bugEntry = ({
  id,
  number,
  says,
  source,
  fixed,
}: Omit<BugEntry, "number"> & { readonly number: string | undefined }): BugEntry => ({
  id,
  number: number ?? null,
  says,
  source,
  fixed,
});

export function filmOfHistory(found: ReplayedHistory, words: string): Film {
  const { wing, name, history, kernel, called, rerun, bug, last, violations, stopped } = found;
  const drawing = illustrationOf(wing);
  const played = filmed(drawing, stepsOf(found), drawing.follow(kernel, history.scope));
  const [meant] = violations;
  const where = `in step ${last + 1} of ${history.commands.length}`;
  return {
    kind: "film",
    name,
    about: rerun ? ["Its commands, run anew on our model: what was recorded is not shown."] : [],
    trace: null,
    kernel: called,
    kernels: kernelsFor(wing, bug, kernel.name),
    ...verdictOn(called, meant, stopped, where),
    violations: violations.map((each) => violationEntry(wing, each)),
    bug: bug === undefined ? null : bugEntry(bug),
    twin: bug !== undefined && interleavedCalled(bug.id) !== undefined ? bug.id : null,
    facts: drawing.facts(history.scope, kernel.release),
    cpus: drawing.cpus(history.scope),
    guard: drawing.guard(kernel.release),
    steps: played.steps,
    cuts: drawing.cuts(played.steps, history.scope),
    of: history.commands.length,
    blame: blameOf(drawing, meant, played.last),
    command: replayLine(words),
    file: history.commands.length > MOST_SAVED ? null : wing.files.formatHistory(history),
  };
}

/** `among`: the traces of a file of which none violates a law. */
export function filmOfRecording(found: ReplayedRecording, words: string, among: number | undefined): Film {
  const { wing, chosen, file, violations, stopped, last } = found;
  if ("traces" in chosen) throw new RangeError(`${file}: one of its traces has to be chosen`);
  const { trace, judging } = chosen;
  const drawing = illustrationOf(wing);
  const played = filmed(drawing, repliesOf(found), drawing.follow(undefined, trace.scope));
  const [meant] = violations;
  const where = `in step ${last + 1} of ${trace.exchanges.length}`;
  const release = wing.kernels.find(({ name }) => name === judging.release)?.release;
  return {
    kind: "film",
    name: `${file}, line ${trace.line}`,
    about: [
      "The replies are the recorded ones: nothing was run.",
      `Judged by ${judging.by ?? `the promises of ${trace.label}`}.`,
      ...(among === undefined ? [] : [`None of the ${among} traces of this file violates a law.`]),
    ],
    trace: trace.line,
    kernel: trace.label,
    kernels: [],
    ...verdictOn(trace.label, meant, stopped, where),
    violations: violations.map((each) => violationEntry(wing, each)),
    bug: null,
    twin: null,
    facts: release === undefined ? [] : drawing.facts(trace.scope, release),
    cpus: drawing.cpus(trace.scope),
    guard: release === undefined ? { inside: 0, after: 0, before: 0 } : drawing.guard(release),
    steps: played.steps,
    cuts: drawing.cuts(played.steps, trace.scope),
    of: trace.exchanges.length,
    blame: blameOf(drawing, meant, played.last),
    command: replayLine(words),
    file: null,
  };
}

type Played = JudgedOf & { readonly violated: readonly { readonly id: string }[] };

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

function* repliesOf(found: ReplayedRecording): Generator<Played, void, undefined> {
  for (const { laws: violated, following: _not, ...reply } of found.play()) {
    yield { ...reply, violated };
    if (reply.index === found.last) return;
  }
}

/** Plays a history once, and notes what changes from step to step. */
function filmed(
  drawing: Illustration,
  played: Iterable<Played>,
  follower: Follower,
): { readonly steps: readonly FilmStep[]; readonly last: JudgedOf | undefined } {
  const steps: FilmStep[] = [];
  let last: JudgedOf | undefined;
  for (const now of played) {
    last = now;
    const { step, command, response, violated } = now;
    steps.push({
      command:
        command !== undefined
          ? drawing.command(command)
          : step === undefined
            ? "nothing"
            : drawing.idle(step),
      reply: response === undefined ? "it got nothing, and does nothing" : drawing.response(response),
      laws: violated.map(({ id }) => id),
      ...follower.next(now),
    });
  }
  return { steps, last };
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

function violationEntry({ laws }: OpenWing, { law, bug, promised }: Violation): FilmViolation {
  const { says = "", source = "" } = laws.find(({ id }) => id === law) ?? {};
  return { id: law, says, source, promised, bug: bug === undefined ? null : bugEntry(bug) };
}

function blameOf(
  drawing: Illustration,
  meant: Violation | undefined,
  last: JudgedOf | undefined,
): Film["blame"] {
  if (meant === undefined || last === undefined) return null;
  return drawing.blame(meant.law, last) ?? { text: "", marks: [] };
}

/** The kernels that the history may be played on: those on which the bug violates a law are listed. */
function kernelsFor<T extends Terms>(
  { kernels }: OpenWing<T>,
  bug: Bug<T> | undefined,
  own: string,
): Film["kernels"] {
  const on = new Set(bug?.violations.flatMap((each) => each.on));
  const names = [...new Set([own, ...kernels.map(({ name }) => name), ...on])];
  return names.map((name) => ({ name, listed: on.has(name) }));
}
