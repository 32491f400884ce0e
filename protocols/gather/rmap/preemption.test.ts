/**
 * Tasks that are preempted and move, in the families whose steps ask nothing of the CPU that they run on: a "CPU" there
 * is a task with a CPU of its own. Here tasks share CPUs, and leave them wherever preemption is on.
 */
import { describe, expect, test } from "vitest";
import { visitActions } from "../../../engine/actions.ts";
import { BOUNDS } from "../../../engine/bounds.testing.ts";
import type { Action, PackedMachine } from "../../../engine/machine.ts";
import {
  actionOf,
  excludes,
  type Guard,
  isIn,
  not,
  type Operations,
  sets,
} from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { explore } from "../../../engine/search/explore.ts";
import { type Field, noneOr, upTo } from "../../../engine/search/layout.ts";
import type { StepMachine } from "../../program.ts";
import { STEP_PROTOCOLS } from "../index.ts";

const FAMILIES = /^(take-all|anon-vma|truncate)-/;
const ORDERS = STEP_PROTOCOLS.filter(({ name }) => FAMILIES.test(name));
/** What belongs to a CPU in other families: a task that changes CPUs meets another. */
const OF_A_CPU = /^(tlb|batch|pending|interrupts|place)/;

function machineOf(name: string, tasks: number): StepMachine {
  const protocol = STEP_PROTOCOLS.find((each) => each.name === name);
  if (protocol === undefined) throw new Error(`no protocol ${name}`);
  const usual = Object.fromEntries(
    Object.entries(protocol.parameters).map(([key, parameter]) => [key, parameter.usual]),
  );
  return protocol.machine({ ...usual, cpus: tasks });
}

/** The same tasks on some CPUs: they take steps only while they run, and are preempted where they may leave. */
function sharing(
  machine: StepMachine,
  cpus: number,
  mayLeave: (field: (name: string) => Field, task: number) => readonly Guard[],
  leaves: (field: (name: string) => Field, task: number) => Operations = () => [],
): PackedMachine {
  const { layout } = machine;
  const field = (name: string) => layout.fields.find((each) => each.name === name) as Field;
  const places = upTo(machine.cpus).map((task) => layout.field(`place of task ${task}`, noneOr(cpus, "CPU")));
  const schedules = places.flatMap((place, task): Action[] => [
    ...upTo(cpus).map((cpu) =>
      actionOf({
        name: `task ${task} runs on CPU ${cpu}`,
        when: [has(place, 0), ...places.map((other) => hasNot(other, cpu + 1))],
        does: sets(place, cpu + 1),
      }),
    ),
    actionOf({
      name: `task ${task} is preempted`,
      when: [hasNot(place, 0), ...mayLeave(field, task)],
      does: [sets(place, 0), leaves(field, task)],
    }),
  ]);
  const steps = machine.actions.map((action) =>
    action.at === undefined
      ? action
      : { ...action, when: [...action.when, hasNot(places[action.cpu] as Field, 0)] },
  );
  return { ...machine, words: layout.words, actions: [...steps, ...schedules] };
}

/** The states met, but for who runs where, and the laws that are violated. */
function met(machine: PackedMachine, fields: readonly Field[]) {
  const { reached, states, ended, violations } = explore(visitActions(machine, { symmetry: false }), {
    bounds: BOUNDS,
    enough: () => false,
  });
  expect(ended).toBe("fixpoint");
  const state = new Int32Array(machine.words);
  const seen = new Set<string>();
  for (let number = 0; number < states; number++) {
    reached.read(number, state);
    seen.add(fields.map((each) => each.get(state)).join());
  }
  return { seen, laws: violations.map(({ law }) => law).sort() };
}

describe.each(ORDERS.map(({ name }) => name))("%s", (name) => {
  test(`No field of ${name} belongs to a CPU`, () => {
    const { layout, actions } = machineOf(name, 2);
    expect(layout.fields.map((each) => each.name).filter((each) => OF_A_CPU.test(each))).toEqual([]);
    const hardware = actions.filter(({ at }) => at === undefined).map((action) => action.name);
    expect(hardware).toEqual(name.startsWith("anon-vma") ? ["RCU, the slab page is freed"] : []);
  });

  test(`${name} on one CPU, preempted between any two phases, meets the states of two CPUs and violates their laws`, () => {
    const machine = machineOf(name, 2);
    const fields = [...machine.layout.fields];
    const alone = met(machine, fields);
    const shared = met(
      sharing(machine, 1, () => []),
      fields,
    );
    expect(shared).toEqual(alone);
  });
});

/** A spinlock that a task holds or spins for disables preemption. */
const spinningIsOff = (field: (name: string) => Field, task: number): readonly Guard[] =>
  [field(`held by CPU ${task}`), field(`wanted by CPU ${task}`)].map((each) => has(each, 0));

describe("mm_take_all_locks with spinlocks, which disable preemption", () => {
  test.each([
    [1, ["few-locks-without-preemption"]],
    [2, ["few-locks-without-preemption", "no-deadlock"]],
  ])("In the order of 2.6.27-rc1, three tasks on %i CPUs violate %j", (cpus, laws) => {
    const machine = machineOf("take-all-2.6.27-rc1", 3);
    const fields = [...machine.layout.fields];
    const shared = met(sharing(machine, cpus, spinningIsOff), fields);
    expect(shared.laws).toEqual(laws);
  });
});

describe("page_lock_anon_vma", () => {
  const ORDER = "anon-vma-2.6.36";
  const readers = (field: (name: string) => Field) => field("readers");

  test.each([ORDER, "anon-vma-3.0"])(
    "%s keeps its laws where a read section disables preemption, with three tasks on two CPUs",
    (name) => {
      const machine = machineOf(name, 3);
      const fields = [...machine.layout.fields];
      const shared = sharing(machine, 2, (field, task) => [not(isIn(readers(field), task))]);
      expect(met(shared, fields).laws).toEqual([]);
    },
  );

  test("It is read after it was freed if a read section is preempted and RCU takes the switch for its end", () => {
    const machine = machineOf(ORDER, 2);
    const fields = [...machine.layout.fields];
    const forgotten = sharing(
      machine,
      2,
      () => [],
      (field, task) => excludes(field("waited for by RCU"), task),
    );
    expect(met(forgotten, fields).laws).toContain("no-use-after-free");
  });
});
