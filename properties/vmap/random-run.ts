/** The random half of the main job: histories drawn in one scope, judged, and counted by what they exercised. */
import { searchAtRandom } from "../../engine/run/random.ts";
import { shrink } from "../../engine/run/shrink.ts";
import { lastPlayed } from "../../engine/run/stepper.ts";
import type { LawId } from "../../spec/contract.ts";
import { type HistoryStep, isWellFormed, naming, simpler } from "../../spec/vmap/history.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { isFollowed } from "../../spec/vmap/laws/law.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { witnessesFor } from "../../spec/vmap/witnesses.ts";
import { choices } from "./choices.ts";
import { runChoices } from "./run-choices.ts";
import { benchFor, type JudgedStep } from "./test-bench.ts";

export interface RandomRun<S> {
  readonly kernel: Kernel<S>;
  readonly scope: Scope;
  readonly seed: number;
  readonly histories: number;
  /** Only violations of this law count, if given; the others still end a history that they spoil. */
  readonly law: LawId | undefined;
  /** The catalogue's name for each law a step violated; undefined if it has none. */
  name(step: JudgedStep): readonly { readonly law: LawId; readonly known: string | undefined }[];
}

/** A violation that the catalogue does not know, shrunk. */
export interface Unknown {
  readonly law: LawId;
  readonly scope: Scope;
  readonly history: readonly HistoryStep[];
}

export interface KnownViolation {
  readonly law: LawId;
  readonly known: string;
  /** Commands of the shortest history with it, up to the violation. */
  readonly commands: number;
}

export interface RandomReport {
  readonly histories: number;
  readonly commands: number;
  /** How often each witness and mark was seen. */
  readonly seen: ReadonlyMap<string, number>;
  readonly known: readonly KnownViolation[];
  readonly unknown: Unknown | undefined;
}

/** The longest history drawn, in choices; half that on average. */
const LONGEST = 60;

/** Draws histories until one violates a law in a way the catalogue does not know, or all are drawn. */
export function randomRun<S>(run: RandomRun<S>): RandomReport {
  const { kernel, scope, seed, histories } = run;
  const setting = benchFor(kernel, scope);
  const asked = ({ law }: { readonly law: LawId }) => run.law === undefined || law === run.law;
  const witnesses = witnessesFor(kernel.release);
  const seen = new Map<string, number>();
  const known = new Map<string, KnownViolation>();
  let commands = 0;
  const count = (id: string) => seen.set(id, (seen.get(id) ?? 0) + 1);
  const watcher = {
    played: ({ before, command, response, after }: JudgedStep, state: S) => {
      commands += 1;
      if (command === undefined || response === undefined) return;
      for (const mark of kernel.marks(state)) count(mark);
      for (const witness of witnesses) if (witness.seen(before, command, response, after)) count(witness.id);
    },
    violated: (step: JudgedStep) => {
      const all = run.name(step);
      const names = all.filter(asked);
      if (names.some((each) => each.known === undefined)) return "fail" as const;
      for (const { law, known: bug } of names) {
        const shortest = known.get(`${law} ${bug}`)?.commands ?? Number.POSITIVE_INFINITY;
        const length = step.index + 1;
        if (length < shortest) known.set(`${law} ${bug}`, { law, known: bug as string, commands: length });
      }
      return step.violated.every((law) => isFollowed(law, "random"))
        ? ("continue" as const)
        : ("stop" as const);
    },
  };
  const { found, runs } = searchAtRandom({
    drawn: choices(scope, { longest: LONGEST }),
    attempt: (drawn) => {
      const { history, failed } = runChoices(setting, drawn, watcher);
      const law =
        failed &&
        run
          .name(failed)
          .filter(asked)
          .find((each) => each.known === undefined)?.law;
      return law === undefined ? undefined : { law, history };
    },
    seed,
    runs: histories,
  });
  const unknown = found && { law: found.law, scope, history: bringDown(run, found.law, found.history) };
  return { histories: runs, commands, seen, known: [...known.values()], unknown };
}

/** The history shrunk. */
function bringDown<S>(
  run: RandomRun<S>,
  law: LawId,
  history: readonly HistoryStep[],
): readonly HistoryStep[] {
  const isUnknown = (step: JudgedStep) =>
    run.name(step).some((each) => each.law === law && each.known === undefined);
  const setting = benchFor(run.kernel, run.scope);
  return shrink(history, {
    fails: (candidate) => {
      if (!isWellFormed(candidate, run.scope)) return false;
      const last = lastPlayed(setting, candidate, law);
      return last !== undefined && last.violated.length > 0 && isUnknown(last);
    },
    without: naming.without,
    simpler: (step) => simpler(step, run.scope),
  });
}
