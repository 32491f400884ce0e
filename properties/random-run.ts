/** The random half of the main job: histories drawn in one scope, judged, and counted by what they exercised. */
import { searchAtRandom } from "../engine/run/random.ts";
import { isFollowed, type LawId } from "../spec/contract.ts";
import type { Histories, Kernel, Terms } from "../spec/wing.ts";
import { bringDown } from "./bring-down.ts";
import { type PlayedOf, runChoices } from "./run-choices.ts";

export interface RandomRun<T extends Terms> {
  readonly kernel: Kernel<T>;
  readonly scope: T["scope"];
  readonly seed: number;
  readonly histories: number;
  /** Only violations of this law count, if given; the others still end a history that they spoil. */
  readonly law: LawId | undefined;
  /** The catalogue's name for each law that the last step of a history violated; undefined if it has none. */
  name(
    step: PlayedOf<T>,
    history: readonly T["step"][],
  ): readonly { readonly law: LawId; readonly known: string | undefined }[];
}

/** A violation that the catalogue does not know, shrunk. */
export interface Unknown<T extends Terms> {
  readonly law: LawId;
  readonly scope: T["scope"];
  readonly history: readonly T["step"][];
}

export interface KnownViolation {
  readonly law: LawId;
  readonly known: string;
  /** Commands of the shortest history with it, up to the violation. */
  readonly commands: number;
}

export interface RandomReport<T extends Terms> {
  readonly histories: number;
  readonly commands: number;
  /** How often each witness and mark was seen. */
  readonly seen: ReadonlyMap<string, number>;
  readonly known: readonly KnownViolation[];
  readonly unknown: Unknown<T> | undefined;
}

/** The longest history drawn, in choices; half that on average. */
const LONGEST = 60;

/** Draws histories until one violates a law in a way the catalogue does not know, or all are drawn. */
export function randomRun<T extends Terms>(of: Histories<T>, run: RandomRun<T>): RandomReport<T> {
  const { kernel, scope, seed, histories } = run;
  const bench = of.bench(kernel, scope);
  const asked = ({ law }: { readonly law: LawId }) => run.law === undefined || law === run.law;
  const unknownIn = (step: PlayedOf<T>, history: readonly T["step"][]) =>
    run
      .name(step, history)
      .filter(asked)
      .find((each) => each.known === undefined)?.law;
  const witnesses = of.witnesses(kernel);
  const seen = new Map<string, number>();
  const known = new Map<string, KnownViolation>();
  let commands = 0;
  const count = (id: string) => seen.set(id, (seen.get(id) ?? 0) + 1);
  const watcher = {
    played: ({ before, command, response, after }: PlayedOf<T>, state: unknown) => {
      commands += 1;
      if (command === undefined || response === undefined) return;
      for (const mark of kernel.marks(state)) count(mark);
      for (const witness of witnesses) if (witness.seen(before, command, response, after)) count(witness.id);
    },
    violated: (step: PlayedOf<T>, history: readonly T["step"][]) => {
      if (unknownIn(step, history) !== undefined) return "fail" as const;
      for (const { law, known: bug } of run.name(step, history).filter(asked)) {
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
    drawn: of.choices(scope, { longest: LONGEST }),
    attempt: (drawn) => {
      const { history, failed } = runChoices(bench, drawn, watcher);
      const law = failed && unknownIn(failed, history);
      return law === undefined ? undefined : { law, history };
    },
    seed,
    runs: histories,
  });
  const unknown = found && {
    law: found.law,
    scope,
    history: bringDown(bench, found.law, (...at) => isUnknown(run, found.law, ...at), found.history),
  };
  return { histories: runs, commands, seen, known: [...known.values()], unknown };
}

function isUnknown<T extends Terms>(
  run: RandomRun<T>,
  law: LawId,
  step: PlayedOf<T>,
  history: readonly T["step"][],
): boolean {
  return run.name(step, history).some((each) => each.law === law && each.known === undefined);
}
