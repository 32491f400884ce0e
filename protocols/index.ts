/** The protocols that can be explored. A new one is one file and one line here. */
import type { PackedMachine } from "../engine/actions.ts";
import type { Layout } from "../engine/layout.ts";
import { lazyUnmap } from "./lazy-unmap.ts";

/** A machine for each choice of its parameters. */
export interface Protocol {
  readonly name: string;
  /** What it is, in a sentence. */
  readonly says: string;
  /** The names of its parameters, each with what it counts, its usual value and the largest that can be packed. */
  readonly parameters: Readonly<Record<string, Parameter>>;
  machine(parameters: Readonly<Record<string, number>>): PackedMachine & { readonly layout: Layout };
}

export interface Parameter {
  readonly counts: string;
  readonly usual: number;
  readonly most: number;
}

export const PROTOCOLS: readonly Protocol[] = [
  {
    name: "lazy-unmap",
    says: "The lazy-unmap protocol of db64fe02 in its smallest form: one purge, one pinner, TLBs that fill by themselves.",
    parameters: {
      V: { counts: "pages", usual: 3, most: 6 },
      F: { counts: "frames", usual: 2, most: 6 },
      C: { counts: "CPUs", usual: 2, most: 5 },
    },
    machine: ({ V, F, C }) => lazyUnmap({ V: V as number, F: F as number, C: C as number }),
  },
];
