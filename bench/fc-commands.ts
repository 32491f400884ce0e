/**
 * The same histories as an ordinary fast-check model: a command class with a precondition, fc.commands to draw and
 * shrink, fc.modelRun to run. It uses as much of our code as it can: the same choices with the same weights, resolved
 * against the world as ours are, so a free picks an area that is live and a command that cannot be meant here fails its
 * `check`. What it lacks is what is compared: histories that keep to a window (choices.ts) and a length that is asked
 * for, and shrinking over plain steps (engine/run/shrink.ts).
 */
import fc from "fast-check";
import { begin, type Stepper } from "../engine/run/stepper.ts";
import type { ImmutableWorld } from "../model/vmap/world.ts";
import { type Choice, choice } from "../properties/vmap/choices.ts";
import { resolveChoice } from "../properties/vmap/resolve-choice.ts";
import type { JudgedStep, TestBench } from "../properties/vmap/test-bench.ts";
import type { Command, Response } from "../spec/vmap/commands.ts";
import type { HistoryStep } from "../spec/vmap/history.ts";
import type { Ledger } from "../spec/vmap/ledger.ts";

/** The reference, and what its callers hold. */
interface Model {
  readonly ledger: Ledger;
  readonly history: HistoryStep[];
  world: ImmutableWorld;
  /** The kernel stopped: nothing can be asked any more. */
  ended: boolean;
}

/** The kernel, its judge, and the listener to its verdicts. */
interface Real<S> {
  readonly stepper: Stepper<S, ImmutableWorld, Ledger, HistoryStep, Command, Response>;
  heard(played: JudgedStep): void;
}

class Ask<S> implements fc.Command<Model, Real<S>> {
  readonly choice: Choice;
  constructor(choice: Choice) {
    this.choice = choice;
  }
  check({ world, ledger, history, ended }: Readonly<Model>): boolean {
    return !ended && resolveChoice(this.choice, world, ledger, history) !== undefined;
  }
  run(model: Model, { stepper, heard }: Real<S>): void {
    const step = resolveChoice(this.choice, model.world, model.ledger, model.history) as HistoryStep;
    const played = stepper.take(step);
    model.history.push(step);
    model.world = stepper.world();
    model.ended = played.after === undefined;
    heard(played);
  }
  toString(): string {
    return JSON.stringify(this.choice);
  }
}

/** Histories of up to this many commands; by default with fast-check's own size. */
export function commandsFor<S>(setting: TestBench<S>, maxCommands: number, size?: fc.SizeForArbitrary) {
  const ask = choice(setting.scope).map((each) => new Ask<S>(each));
  return fc.commands<Model, Real<S>>([ask], size === undefined ? { maxCommands } : { maxCommands, size });
}

/** Runs one drawn history. What `heard` throws fails it. */
export function runCommands<S>(
  setting: TestBench<S>,
  drawn: Iterable<fc.Command<Model, Real<S>>>,
  heard: (played: JudgedStep) => void,
): void {
  const stepper = begin(setting);
  const model = { ledger: stepper.names, history: [], world: stepper.world(), ended: false };
  fc.modelRun(() => ({ model, real: { stepper, heard } }), drawn);
}
