/** The record of a command: all that is known of it, but for what gathers do and how the world follows. */
import type { Feature, Promises } from "../releases.ts";
import { type Call, numbers, type Scope } from "../scope.ts";
import type { Addr } from "../vocabulary.ts";
import type { OpenGather, World } from "../world.ts";
import type { Command } from "./kinds.ts";

/** A field of a step as files have it. Addresses are in bytes. */
export type Field =
  | "slot"
  | "addr"
  | "frame"
  | "table"
  | "cpu"
  | "count"
  | "delta"
  | "true"
  | readonly string[];

export interface CommandRecord<C extends Command = Command> {
  readonly op: C["op"];
  readonly fields: Readonly<Record<string, Field | readonly [Field, "optional"]>>;
  /** The kind of call that it is; undefined if every owner of a gather makes it. */
  readonly call: Call | undefined;
  /** What a release must have for it; one that lacks it replies "unsupported". */
  readonly feature: Feature | undefined;
  /** How often it is drawn. */
  readonly weight: number;
  /** Whether a release has it, on an architecture. */
  offered(promises: Promises, scope: Scope): boolean;
  /** All commands of such callers. */
  every(scope: Scope): readonly C[];
  /** Whether any such command may be legal now: asked first where many are tried. */
  mayBeLegal(world: World): boolean;
  /** Whether callers who keep the rules may make it now. */
  legal(world: World, command: C): boolean;
  says(command: C): string;
  /** Simpler forms, the simplest first. */
  simpler(command: C): Iterable<C>;
}

type Given<C extends Command> = Pick<CommandRecord<C>, "op" | "fields" | "every" | "legal" | "says"> &
  Partial<CommandRecord<C>>;

export function command<C extends Command>(given: Given<C>): CommandRecord<C> {
  const { feature } = given;
  return {
    ...{ call: undefined, feature, weight: 10, simpler: () => [] },
    mayBeLegal: ({ gathers }) => gathers.size > 0 || given.op === "gather" || !("g" in given.fields),
    offered: ({ has }) => feature === undefined || has[feature],
    ...given,
  };
}

export const optional = (field: Field): readonly [Field, "optional"] => [field, "optional"];

/** A record of any command. A command is only ever handed to the record of its own op. */
export const anyRecord = <C extends Command>(record: CommandRecord<C>): CommandRecord =>
  record as unknown as CommandRecord;

/** For each gather that a scope has room for. */
export const forSlots = <C>({ slots }: Scope, make: (g: number) => readonly C[]): C[] =>
  numbers(slots).flatMap(make);

/** A gather that may remove something: no table was freed by it, and it is not waiting for a flush. */
export function removing(world: World, g: number): OpenGather | undefined {
  const gather = world.gathers.get(g);
  return gather === undefined || gather.freesTables || gather.mustFlush ? undefined : gather;
}

/** An open gather whose caller need not flush first. */
export function free(world: World, g: number): OpenGather | undefined {
  const gather = world.gathers.get(g);
  return gather === undefined || gather.mustFlush ? undefined : gather;
}

/** Whether an entry of this gather waits for its page to be removed. */
export function owesPage({ entries }: World, g: number): boolean {
  for (const entry of entries.values()) if (entry.g === g && entry.pfn !== undefined) return true;
  return false;
}

export const hex = (addr: Addr): string => (addr >= 2 ** 63 ? "~0" : `0x${addr.toString(16)}`);
