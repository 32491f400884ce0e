/** A machine by the name a user types and its parameters: what threads are told to build it by. */
import type { Visitable } from "../engine/explore.ts";
import type { MachineSource } from "../engine/parallel-worker.ts";
import { explorableNamed } from "./explorable.ts";

/** What a user asks to explore. */
export interface Named {
  readonly machine: string;
  readonly parameters: Readonly<Record<string, number>>;
  /** Whether states are merged where that changes no verdict. */
  readonly merged: boolean;
}

export function visitableByName({ machine, parameters, merged }: Named): Visitable {
  return explorableNamed(machine).open(parameters, merged).machine;
}

export function sourceByName(given: Named): MachineSource {
  return { module: import.meta.url, name: visitableByName.name, given };
}
