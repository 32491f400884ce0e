/** A protocol: a machine to explore, and a family of protocols that differ in their order. */
import type { PackedMachine } from "../engine/machine.ts";
import type { Layout } from "../engine/search/layout.ts";
import type { StepMachine } from "./program.ts";

/** A protocol: a machine for each choice of its parameters. */
export interface Protocol {
  readonly name: string;
  /** What it is, in a sentence. */
  readonly says: string;
  /** The names of its parameters, each with its meaning, its usual value and the largest value that can be packed. */
  readonly parameters: Readonly<Record<string, Parameter>>;
  machine(parameters: Readonly<Record<string, number>>): PackedMachine & { readonly layout: Layout };
}

/** A protocol of CPUs that take steps: it can be shown as a chart with a lane for each CPU. */
export interface StepProtocol extends Protocol {
  machine(parameters: Readonly<Record<string, number>>): StepMachine;
  /** The same with steps delayed until something depends on them: it violates the same laws, in fewer states. */
  readonly delayed?: (parameters: Readonly<Record<string, number>>) => StepMachine;
}

export interface Parameter {
  readonly counts: string;
  readonly usual: number;
  /** 1, if it is not given. */
  readonly least?: number;
  readonly most: number;
}

/** Parameters by their names: the caller gives all parameters of the protocol. */
export type Chosen<Key extends string> = Readonly<Record<Key, number>>;

export const cpus: Parameter = { counts: "CPUs", usual: 2, most: 4 };

/** A protocol for each order of a family, by the name of the family and of the order. */
export function family<Key extends string, Order>(
  name: string,
  says: string,
  parameters: Readonly<Record<Key, Parameter>>,
  orders: Readonly<Record<string, Order>>,
  machine: (name: string, scope: Chosen<Key>, order: Order, delayed: boolean) => StepMachine,
  canDelay = false,
): StepProtocol[] {
  return Object.entries(orders).map(([order, steps]) => {
    const own = `${name}-${order}`;
    const made = (delayed: boolean) => (given: Readonly<Record<string, number>>) =>
      machine(own, given as Chosen<Key>, steps, delayed);
    return {
      name: own,
      says,
      parameters,
      machine: made(false),
      ...(canDelay ? { delayed: made(true) } : {}),
    };
  });
}
