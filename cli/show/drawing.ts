/** How a wing shows its commands, its replies and its worlds. */
import type { ItfValue } from "../../adapters/itf.ts";
import type { PlayedOf } from "../../properties/run-choices.ts";
import type { LawId } from "../../spec/contract.ts";
import type { Bench, Conformance, RecordedTrace, Terms } from "../../spec/wing.ts";

/** A step of a history, or a recorded reply: the parts to draw. */
export type Shown<T extends Terms = Terms> = Omit<PlayedOf<T>, "step"> & { readonly step?: T["step"] };

/** By what a step got, such as a start address: the index of the step that got it last. */
export type GotBy = Map<number, number>;

export interface MapOptions {
  /** What was got before the first of these steps. */
  readonly got?: GotBy;
  /** Letters in a line. */
  readonly width?: number;
  /** The law that a step violates: the picture of that step marks where, and says why. */
  readonly violation?: { readonly law: LawId; readonly index: number } | undefined;
}

export interface Drawing<T extends Terms = Terms> {
  command(command: T["command"]): string;
  response(response: T["response"]): string;
  /** What of a reply its words leave out, if two differ in these kinds. */
  alsoDiffers(response: T["response"], kinds: readonly string[]): string;
  /** A step that did nothing, since what it names got nothing. */
  idle(step: T["step"]): string;
  /** The size of a machine. */
  scope(scope: T["scope"]): string;
  /** The CPUs of a machine. */
  cpus(scope: T["scope"]): string;
  /** Notes what a step got. */
  noteGot(got: GotBy, now: Shown<T>): void;
  /** Each step with the world after it in lines. Steps are gone through twice and none is kept. */
  maps(
    played: Iterable<Shown<T>>,
    options?: MapOptions,
  ): Generator<{ readonly now: Shown<T>; readonly map: string[] }, void, undefined>;
  /** What makes later violations consequences and no accusations, as the end of a sentence. */
  readonly consequencesOf: string;
  /** What the letters in those lines are, as a sentence. */
  readonly legend: string;
  /** The same as data. */
  picture(world: T["world"], got: GotBy): Readonly<Record<string, readonly unknown[]>>;
  /** What our model held before the reply in which a recording differs, in lines. */
  before(trace: RecordedTrace<T>, difference: NonNullable<Conformance<T>["difference"]>): string[];
  /** The state of a kernel and the world beside it, from the beginning on, by commands. */
  states(bench: Bench<T>, commands: Iterable<T["command"]>): Iterable<State>;
}

/** A state in words, and its variables. */
export interface State {
  readonly action: string;
  readonly lines: readonly string[];
  readonly variables: Readonly<Record<string, ItfValue>>;
}

/** `step 3 of 5:  command  ->  reply`. */
export function stepLine(drawing: Drawing, { index, step, command, response }: Shown, of: number): string {
  const head = `step ${index + 1} of ${of}:  `;
  if (command !== undefined && response !== undefined)
    return `${head}${drawing.command(command)}  ->  ${drawing.response(response)}`;
  return head + (step === undefined ? "nothing" : drawing.idle(step));
}

/** The world after each step of a history. */
export function mapsOf(drawing: Drawing, played: Iterable<Shown>, options: MapOptions = {}): string[][] {
  return Array.from(drawing.maps(played, options), ({ map }) => map);
}
