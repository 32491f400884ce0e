/** Machines drawn at random: a few agents, each with a small program over a few shared fields. */
import { fc } from "@fast-check/vitest";
import type { Action, Footprint, PackedMachine } from "./machine.ts";
import { has } from "./reduce/conditions.ts";
import { canonicalForm } from "./reduce/symmetry.ts";
import { type Field, Layout, plain, setOf } from "./search/layout.ts";

/** Values of a shared field, and phases of a program. */
const VALUES = 3;
const PHASES = 4;
const SHARED = 3;

/** One way to continue from a phase. */
interface Instruction {
  readonly at: number;
  readonly next: number;
  /** What a shared field must be, and whether a condition says so or a guard. */
  readonly needs?: { readonly field: number; readonly value: number; readonly byGuard: boolean } | undefined;
  readonly does:
    | { readonly kind: "nothing" }
    | { readonly kind: "set"; readonly field: number; readonly value: number }
    | { readonly kind: "add"; readonly field: number }
    | { readonly kind: "load"; readonly field: number }
    | { readonly kind: "store"; readonly field: number }
    | { readonly kind: "enter" }
    | { readonly kind: "leave" };
  /** That a shared field is not this. */
  readonly asserts?: { readonly field: number; readonly value: number } | undefined;
}

/** A machine as it was drawn. */
export interface Drawn {
  readonly programs: readonly (readonly Instruction[])[];
  /** A step without an agent: a shared field changes from one value to another. */
  readonly chances: readonly { readonly field: number; readonly from: number; readonly to: number }[];
  /** Pairs of phases at which the first two agents are never together, with this value of a shared field. */
  readonly never: readonly {
    readonly one: number;
    readonly other: number;
    readonly field: number;
    readonly value: number;
  }[];
  /** A sum that two shared fields never have. */
  readonly sum: number;
}

const [field, value, phase] = [
  fc.nat({ max: SHARED - 1 }),
  fc.nat({ max: VALUES - 1 }),
  fc.nat({ max: PHASES - 1 }),
];
/** Left out nearly as often as not, or more often. */
const often = <T>(rarely: fc.Arbitrary<T>, of = 2) => fc.option(rarely, { nil: undefined, freq: of });

const instruction = {
  needs: often(fc.record({ field, value, byGuard: fc.boolean() })),
  does: fc.oneof<fc.Arbitrary<Instruction["does"]>[]>(
    fc.constant({ kind: "nothing" as const }),
    fc.record({ kind: fc.constant("set" as const), field, value }),
    fc.record({ kind: fc.constant("add" as const), field }),
    fc.record({ kind: fc.constant("load" as const), field }),
    fc.record({ kind: fc.constant("store" as const), field }),
    fc.constant({ kind: "enter" as const }),
    fc.constant({ kind: "leave" as const }),
  ),
  asserts: often(fc.record({ field, value })),
};
/** Two to four phases, one instruction or two at each; after the last phase the first, or anywhere. */
const program = fc
  .record({
    instructions: fc.array(fc.record({ ...instruction, jumps: often(phase, 1) }), {
      minLength: 2,
      maxLength: 6,
    }),
    phases: fc.integer({ min: 2, max: PHASES }),
  })
  .map(({ instructions, phases }) =>
    instructions.map(({ jumps, ...each }, nth) => ({
      ...each,
      at: nth % phases,
      next: jumps ?? (nth + 1) % phases,
    })),
  );
const others = {
  chances: fc.array(fc.record({ field, from: value, to: value }), { maxLength: 1 }),
  never: fc.array(fc.record({ one: phase, other: phase, field, value }), { maxLength: 1 }),
  sum: fc.integer({ min: 3, max: 5 }),
};

/** Two or three agents, each with a program of its own. */
export const drawn: fc.Arbitrary<Drawn> = fc.record({
  programs: fc.array(program, { minLength: 2, maxLength: 3 }),
  ...others,
});

/** Three agents with one program. */
export const drawnAlike: fc.Arbitrary<Drawn> = fc
  .record({ programs: program.map((each) => [each, each, each]), ...others })
  .map((all) => ({ ...all, never: [] }));

/** The machine. It is symmetric only if all programs are the same and no invariant names particular agents. */
export function machineOf({ programs, chances, never, sum }: Drawn): PackedMachine {
  const layout = new Layout();
  const agents = { name: "agents", size: programs.length };
  const phases = layout.array("phase", agents, plain(PHASES));
  const held = layout.array("held", agents, plain(VALUES));
  const inside = layout.field("inside", setOf(agents));
  const shared = Array.from({ length: SHARED }, (_none, nth) => layout.field(`shared ${nth}`, plain(VALUES)));
  const fields = { shared, inside };
  return {
    name: "drawn",
    words: layout.words,
    initial: (state) => state.fill(0),
    actions: [
      ...programs.flatMap((each, agent) => {
        const own = { agent, phase: phases[agent] as Field, held: held[agent] as Field };
        return each.map((one, nth) => actionOf(`${agent}.${nth}`, one, own, fields));
      }),
      ...chances.map((chance, nth) => chanceOf(`chance ${nth}`, chance, shared)),
    ],
    invariants: [
      {
        id: "apart",
        says: "Two agents are never at these phases at once.",
        never: never.map(({ one, other, field: which, value: bad }) => [
          has(phases[0] as Field, one),
          has(phases[1] as Field, other),
          has(shared[which] as Field, bad),
        ]),
      },
      {
        id: "sum",
        says: "Two fields never have this sum.",
        holds: (state) => (shared[0] as Field).get(state) + (shared[1] as Field).get(state) !== sum,
        reads: [shared[0] as Field, shared[1] as Field],
      },
    ],
    symmetry: () => canonicalForm(layout),
    interchangeable: layout.interchangeable,
  };
}

interface Own {
  readonly agent: number;
  readonly phase: Field;
  readonly held: Field;
}
interface Fields {
  readonly shared: readonly Field[];
  readonly inside: Field;
}

function actionOf(
  name: string,
  { at, next, needs, does, asserts }: Instruction,
  own: Own,
  fields: Fields,
): Action {
  const { shared } = fields;
  const needed = needs && (shared[needs.field] as Field);
  const asserted = asserts && (shared[asserts.field] as Field);
  const { effect, reads, writes } = effectOf(does, own, fields);
  return {
    name,
    agent: `${own.agent}`,
    when: [has(own.phase, at), ...(needed && !needs.byGuard ? [has(needed, needs.value)] : [])],
    ...(needed && needs.byGuard ? { guard: (state: Int32Array) => needed.get(state) === needs.value } : {}),
    effect: (state) => {
      effect(state);
      own.phase.set(state, next);
    },
    asserts: asserted
      ? [
          {
            law: { id: `not ${asserts.value}`, says: "It is not that." },
            holds: (state) => asserted.get(state) !== asserts.value,
          },
        ]
      : [],
    footprint: {
      reads: [...reads, ...(needed && needs.byGuard ? [needed] : []), ...(asserted ? [asserted] : [])],
      writes: [...writes, own.phase],
    },
  };
}

function effectOf(
  does: Instruction["does"],
  { agent, held }: Own,
  { shared, inside }: Fields,
): Pick<Action, "effect"> & Footprint {
  if (does.kind === "nothing") return { effect: () => {}, reads: [], writes: [] };
  if (does.kind === "enter" || does.kind === "leave") {
    const change = (set: number) => (does.kind === "enter" ? set | (1 << agent) : set & ~(1 << agent));
    return {
      effect: (state) => inside.set(state, change(inside.get(state))),
      reads: [inside],
      writes: [inside],
    };
  }
  const one = shared[does.field] as Field;
  if (does.kind === "set") return { effect: (state) => one.set(state, does.value), reads: [], writes: [one] };
  if (does.kind === "add") {
    return { effect: (state) => one.set(state, (one.get(state) + 1) % VALUES), reads: [one], writes: [one] };
  }
  const [from, to] = does.kind === "load" ? [one, held] : [held, one];
  return { effect: (state) => to.set(state, from.get(state)), reads: [from], writes: [to] };
}

function chanceOf(
  name: string,
  { field: which, from, to }: Drawn["chances"][number],
  shared: readonly Field[],
): Action {
  const one = shared[which] as Field;
  return {
    name,
    when: [has(one, from)],
    effect: (state) => one.set(state, to),
    footprint: { reads: [], writes: [one] },
  };
}
