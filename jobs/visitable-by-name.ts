/** A machine by the name a user types and its parameters: what threads are told to build it by. */
import type { Visitable } from "../engine/search/explore.ts";
import type { MachineSource } from "../engine/search/parallel-worker.ts";
import type { LawId } from "../spec/contract.ts";
import { explorableNamed, type Smaller } from "./explorable.ts";

/** What a user asks to explore. */
export interface Named extends Smaller {
  readonly machine: string;
  /** Judged by this law as well, if its release does not promise it. */
  readonly law?: LawId | undefined;
  readonly parameters: Readonly<Record<string, number>>;
}

export function visitableByName({ machine, law, parameters, ...smaller }: Named): Visitable {
  return explorableNamed(machine, law).open(parameters, smaller).machine;
}

export function sourceByName(given: Named): MachineSource {
  return { module: import.meta.url, name: visitableByName.name, given };
}
