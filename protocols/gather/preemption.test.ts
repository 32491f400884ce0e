/**
 * Where no task of a family changes CPUs, a move would only rename: hardware takes its steps whatever a task does, and a
 * task's own steps ask nothing of the CPU that they run on, or are a whole call.
 */
import { describe, expect, test } from "vitest";
import { testOf } from "../../engine/operations.ts";
import { IDLE, type StepAction, type StepMachine } from "../program.ts";
import { STEP_PROTOCOLS } from "./index.ts";

const TLB = /^tlb(\[| at address)/;
const FAMILIES = /^(protects|reclaims|mremaps|pfnmaps|collapses)-/;

/** The fields that an action reads to decide whether it is possible, or to do what it does, and those it writes. */
const fieldsOf = ({ guards, does }: StepAction): readonly string[] => [
  ...new Set(
    [...guards.flatMap((guard) => testOf(guard).reads), ...does.reads, ...does.writes].map(
      ({ name }) => name,
    ),
  ),
];

const names = (actions: readonly StepAction[], pattern: RegExp) =>
  actions.flatMap((action) =>
    fieldsOf(action)
      .filter((name) => pattern.test(name))
      .map((name) => [action.name, name]),
  );

describe.each(
  STEP_PROTOCOLS.filter(({ name }) => FAMILIES.test(name)).map(
    (protocol) => [protocol.name, protocol] as const,
  ),
)("%s", (_name, protocol) => {
  const scope = Object.fromEntries(
    Object.entries(protocol.parameters).map(([key, { usual }]) => [key, usual]),
  );
  const { actions, name } = protocol.machine(scope) as StepMachine;

  test("Hardware steps do not depend on what a task does", () => {
    const hardware = actions.filter(({ at }) => at === undefined);
    expect(names(hardware, TLB).length > 0).toBe(!name.startsWith("collapses"));
    expect(
      names(
        actions.filter(({ at }) => at === undefined),
        /^phase/,
      ),
    ).toEqual([]);
  });

  test("A task uses no TLB but in calls of one step, between whose phases nothing comes", () => {
    const longer = actions.filter(({ at, to }) => at !== undefined && !(at === IDLE && to === IDLE));
    expect(names(longer, TLB)).toEqual([]);
  });
});
