/** The subjects of an exploration: a protocol, or a kernel beside the reference; and the report. */
import type { PackedMachine } from "../engine/machine.ts";
import type { Layout } from "../engine/search/layout.ts";
import type { ShortestViolation, Visitable } from "../engine/search/visitable.ts";
import type { Explorable } from "../properties/explorable.ts";
import type { PlayedOf } from "../properties/run-choices.ts";
import type { StepProtocol } from "../protocols/protocol.ts";
import type { LawId } from "../spec/contract.ts";
import type { Bench, OpenWing, Parameter, Parameters } from "../spec/wing.ts";

export type { Parameters } from "../spec/wing.ts";

export interface Subject {
  readonly name: string;
  /** What it is, in a sentence. */
  readonly says: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** Whether the search continues after a violation, as in a kernel with known bugs, or ends there. */
  readonly continuesAfterViolation: boolean;
  /**
   * The machine with these parameters, with or without reductions. Throws a RangeError if the scope cannot be packed or
   * merged.
   */
  open(parameters: Parameters, reductions: Reductions): SubjectInstance;
  /** Whether actions that commute can be taken in fewer orders: this needs footprints. */
  readonly hasFootprints: boolean;
  /** The protocol itself, if it is one of CPUs that take steps. */
  readonly steps?: StepProtocol;
}

/** The reductions of a machine. */
export interface Reductions {
  /** Whether equivalent states are merged. */
  readonly merged: boolean;
  readonly orders: Orders;
}

/**
 * The orders in which actions that commute are taken: all; some steps delayed (blocks only, quick); or these delayed
 * and the others in fewer orders (stubborn sets: fewer states, and slower).
 */
export type Orders = (typeof ORDERS)[number];
export const ORDERS = ["all", "late", "fewest"] as const;

/** A subject in a scope, at the call grain or the step grain. */
export type SubjectInstance = KernelInstance | ProtocolInstance;

interface Instance {
  readonly machine: Visitable;
  /** A violation, confirmed and named. Throws an Error if the reference does not confirm it. */
  explain(found: ShortestViolation): Report;
}

export interface KernelInstance extends Instance {
  readonly grain: "call";
  readonly machine: Explorable;
  readonly wing: OpenWing;
  /** The kernel in its scope. */
  readonly bench: Bench;
}

export interface ProtocolInstance extends Instance {
  readonly grain: "step";
  /** The machine itself; the visited one may be reduced. */
  readonly packed: PackedMachine & { readonly layout: Layout };
}

/** A law that is violated, with the run into it. */
export interface Report {
  readonly law: LawId;
  /** The run, as actions of the machine. */
  readonly run: readonly number[];
  /** The run as JSON: an ordinary history, or the actions of a protocol. */
  readonly history: readonly unknown[];
  /** For a kernel: its judged steps. */
  readonly played: readonly PlayedOf[];
  /** The bug of the catalogue that explains it; undefined if there is none, or no catalogue. */
  readonly bug: string | undefined;
  /** Whether the bug's entry says that it violates this law here; if not, the bug violates it as well. */
  readonly listed: boolean;
  /** Whether the machine promises the law; if not, it only falls short of it. */
  readonly promised: boolean;
  /** The run as a file that replay reads; undefined if replay cannot take it. */
  readonly file: string | undefined;
}
