/** Random histories of a subject that can only be driven: drawn, judged as it answers, and shrunk by asking it again. */
import fc from "fast-check";
import { shrinking } from "../../engine/run/shrink.ts";
import { follow, type Judging } from "../../engine/run/stepper.ts";
import { vmapSpec } from "../../model/vmap/vmap-spec.ts";
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import type { LawId } from "../../spec/contract.ts";
import { isFollowed } from "../../spec/contract.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import { type HistoryStep, isWellFormed, naming, simpler } from "../../spec/vmap/history.ts";
import type { VmapLaw } from "../../spec/vmap/laws/law.ts";
import type { Ledger } from "../../spec/vmap/ledger.ts";
import type { Promises } from "../../spec/vmap/promises.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import type { KnownViolation } from "../random-run.ts";
import { type Choice, choices } from "./choices.ts";
import { resolveChoice } from "./resolve-choice.ts";
import type { JudgedStep } from "./test-bench.ts";

/** What is driven: a history begins on a machine of a scope, in a new process if `fresh`, and then commands are sent. */
export interface DrivenSubject {
  begin(scope: Scope, how?: { readonly fresh?: boolean | undefined }): Promise<void>;
  send(command: Command): Promise<Response>;
}

export interface Drive {
  readonly subject: DrivenSubject;
  readonly promises: Promises;
  readonly laws: readonly VmapLaw[];
  /** The only law whose violations count, if given. */
  readonly law: LawId | undefined;
  /** The catalogue's name for each law a step violated; undefined where it has none. */
  name(step: JudgedStep): readonly Named[];
  /** The step as the subject can be asked for it, or undefined. */
  offered(step: HistoryStep, history: readonly HistoryStep[]): HistoryStep | undefined;
  /** Asked between histories. */
  stopped(): boolean | Promise<boolean>;
  say(text: string): void;
}

export interface Named {
  readonly law: LawId;
  readonly known: string | undefined;
}

/** A history that violates a law, and each of its steps as it was answered. */
export interface Violating {
  readonly law: LawId;
  readonly scope: Scope;
  readonly history: readonly HistoryStep[];
  readonly played: readonly JudgedStep[];
}

export interface DrivenHistories {
  readonly histories: number;
  readonly commands: number;
  /** Violations that the catalogue knows, and the number of commands at which each was found. */
  readonly known: readonly KnownViolation[];
  readonly found:
    | (Violating & {
        /** Commands of the history as it was drawn. */
        readonly drawn: number;
        /**
         * Whether it violated the law again in a new process. If not, it is as it was drawn; undefined if the run ended
         * before that was known.
         */
        readonly again: boolean | undefined;
      })
    | undefined;
}

/** Histories drawn in a scope before the next has its turn, and the lengths to which they are drawn, in turn. */
const TURN = 10;
const LENGTHS = [6, 30, 60];

type VmapJudging = Judging<Scope, ImmutableWorld, Ledger, HistoryStep, Command, Response>;

export async function driveAtRandom(
  run: Drive,
  scopes: readonly Scope[],
  { seed, runs }: { readonly seed: number; readonly runs: number },
): Promise<DrivenHistories> {
  let [histories, commands] = [0, 0];
  const known = new Map<string, KnownViolation>();
  const report = (found?: DrivenHistories["found"]) => ({
    histories,
    commands,
    known: [...known.values()],
    found,
  });
  for (let turn = 0; histories < runs; turn++) {
    const scope = scopes[turn % scopes.length] as Scope;
    const longest = LENGTHS[Math.floor(turn / scopes.length) % LENGTHS.length] as number;
    const drawn = fc.sample(choices(scope, { longest }), {
      seed: seed + turn,
      numRuns: Math.min(TURN, runs - histories),
    });
    for (const each of drawn) {
      if (await run.stopped()) return report();
      histories += 1;
      const played = await playDrawn(run, scope, each, known);
      // If the run is ended, the process may end too, which is then no crash.
      if (await run.stopped()) return report();
      commands += played.length;
      run.say(`${histories} histories, ${commands} commands`);
      const violating = violationIn(run, scope, played);
      if (violating !== undefined) return report(await bringDown(run, violating));
    }
  }
  return report();
}

/** A written history, as the subject answers it now. */
export async function playAgain(
  run: Drive,
  scope: Scope,
  history: readonly HistoryStep[],
): Promise<{ readonly played: readonly JudgedStep[]; readonly violating: Violating | undefined }> {
  const played = await playSteps(run, scope, history, run.law, true);
  return { played, violating: violationIn(run, scope, played) };
}

function judgingOf({ promises, laws }: Drive, scope: Scope): VmapJudging {
  return { spec: vmapSpec(promises), laws, naming, scope };
}

const ends = ({ after }: JudgedStep) => after === undefined;

/** The law that a step violates in a way that counts: the wanted law, if there is one, and not a known violation. */
function countsIn({ law, name }: Drive, step: JudgedStep | undefined, meant = law): LawId | undefined {
  if (step === undefined || step.violated.length === 0) return undefined;
  const counts = (each: Named) => each.known === undefined && (meant === undefined || each.law === meant);
  return name(step).find(counts)?.law;
}

async function playDrawn(
  run: Drive,
  scope: Scope,
  drawn: readonly Choice[],
  known: Map<string, KnownViolation>,
): Promise<readonly JudgedStep[]> {
  await run.subject.begin(scope);
  const { names, world, command, answer } = follow(judgingOf(run, scope));
  const history: HistoryStep[] = [];
  const played: JudgedStep[] = [];
  for (const choice of drawn) {
    const meant = resolveChoice(choice, world(), names, history);
    const step = meant && run.offered(meant, history);
    if (step === undefined) continue;
    history.push(step);
    const sent = command(step);
    const response = sent && (await run.subject.send(sent));
    const now = answer(step, sent, response);
    played.push(now);
    if (ends(now) || countsIn(run, now) !== undefined) break;
    if (now.violated.length === 0) continue;
    noteKnown(run.name(now), played.length, known);
    // What follows any other violation is no accusation.
    if (!now.violated.every((law) => isFollowed(law, "random"))) break;
  }
  return played;
}

/** To the first violation of that law, or of any. */
async function playSteps(
  run: Drive,
  scope: Scope,
  history: readonly HistoryStep[],
  only: LawId | undefined,
  fresh: boolean,
): Promise<readonly JudgedStep[]> {
  await run.subject.begin(scope, fresh ? { fresh } : {});
  const { command, answer } = follow(judgingOf(run, scope));
  const played: JudgedStep[] = [];
  for (const step of history) {
    const sent = command(step);
    const now = answer(step, sent, sent && (await run.subject.send(sent)));
    played.push(now);
    if (countsIn(run, now, only) !== undefined || ends(now)) break;
  }
  return played;
}

function violationIn(run: Drive, scope: Scope, played: readonly JudgedStep[]): Violating | undefined {
  const law = countsIn(run, played.at(-1));
  if (law === undefined) return undefined;
  return { law, scope, history: played.map(({ step }) => step), played };
}

function noteKnown(names: readonly Named[], commands: number, into: Map<string, KnownViolation>): void {
  for (const { law, known } of names) {
    const before = into.get(`${law} ${known}`)?.commands ?? Number.POSITIVE_INFINITY;
    if (known !== undefined && commands < before) into.set(`${law} ${known}`, { law, known, commands });
  }
}

/** Shrinks it, if it violates its law again in a new process; the result must do so, too. */
async function bringDown(run: Drive, first: Violating): Promise<DrivenHistories["found"]> {
  const { law, scope } = first;
  const drawn = first.history.length;
  const again = async (history: readonly HistoryStep[], fresh: boolean): Promise<Violating | undefined> => {
    if (!isWellFormed(history, scope)) return undefined;
    const played = await playSteps(run, scope, history, law, fresh);
    const violates = countsIn(run, played.at(-1), law) !== undefined;
    return violates ? { law, scope, history: played.map(({ step }) => step), played } : undefined;
  };
  const confirmed = await again(first.history, true);
  if (await run.stopped()) return { ...first, drawn, again: undefined };
  if (confirmed === undefined) return { ...first, drawn, again: false };
  let best = confirmed;
  const turns = shrinking(first.history, {
    without: naming.without,
    simpler: (step) => simpler(step, scope),
  });
  for (let turn = turns.next(); !turn.done; ) {
    run.say(`shrinks a violation of ${law}: ${best.history.length} commands`);
    const candidate = turn.value as readonly HistoryStep[];
    const isOffered = candidate.every((step) => run.offered(step, candidate) !== undefined);
    const violating = isOffered ? await again(candidate, false) : undefined;
    if (await run.stopped()) return { ...best, drawn, again: undefined };
    if (violating !== undefined) best = violating;
    turn = turns.next(violating !== undefined);
  }
  return { ...((await again(best.history, true)) ?? confirmed), drawn, again: true };
}
