/** The protocols of all wings. */
import { STEP_PROTOCOLS as GATHER } from "./gather/index.ts";
import type { StepMachine } from "./program.ts";
import type { Protocol, StepProtocol } from "./protocol.ts";
import { PROTOCOLS as VMAP, STEP_PROTOCOLS as VMAP_STEPS } from "./vmap/index.ts";

export const STEP_PROTOCOLS: readonly StepProtocol[] = [...VMAP_STEPS, ...GATHER];
export const PROTOCOLS: readonly Protocol[] = [...VMAP, ...GATHER];

/** The machine of the protocol of this name. Throws an Error if the catalogue names an unknown one. */
export function stepMachineOf(name: string, scope: Readonly<Record<string, number>>): StepMachine {
  const protocol = STEP_PROTOCOLS.find((each) => each.name === name);
  if (protocol === undefined) throw new Error(`the catalogue names an unknown protocol: ${name}`);
  return protocol.machine(scope);
}
