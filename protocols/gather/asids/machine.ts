/** ASID allocation: every CPU switches between address spaces, in any order. */
import type { Invariant } from "../../../engine/machine.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { type Field, Layout, upTo } from "../../../engine/search/layout.ts";
import type { StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";
import { type Asids, type AsidsScope, type Context, fieldsOf } from "./fields.ts";
import { type AsidsOrder, callsOf } from "./switch.ts";

export function asidsMachine(name: string, scope: AsidsScope, order: AsidsOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: callsOf(order).bind(undefined, m),
    begin: (state) => m.generation.set(state, 1),
    invariants: lawsOf(m),
    isSymmetric: true,
    legend: "contexts: generation:ASID of each task; a CPU: what it runs under which ASID, active, reserved",
    draw: (state) => draw(m, state),
  });
}

/** What is asked of a CPU is asked while it runs a task, not while it switches. */
function lawsOf(m: Asids): Invariant[] {
  const { cpus, tasks, scope } = m;
  const pairs = <Element>(all: readonly Element[]) =>
    all.flatMap((one, at) => all.slice(at + 1).map((other) => [one, other] as const));
  const asids = upTo(scope.asids).map((asid) => asid + 1);
  return [
    {
      id: "asid-unique",
      says: "No two tasks have one ASID in one generation.",
      never: pairs(tasks).flatMap(([one, other]) =>
        upTo(scope.generations).flatMap((before) =>
          asids.map((asid) => [
            has(one.generation, before + 1),
            has(other.generation, before + 1),
            has(one.asid, asid),
            has(other.asid, asid),
          ]),
        ),
      ),
    },
    {
      id: "asid-in-use-unique",
      says: "Two CPUs that run different tasks run them under different ASIDs.",
      never: pairs(cpus).flatMap(([one, other]) =>
        asids.flatMap((asid) =>
          upTo(scope.tasks).map((task) => [
            has(one.phase, 0),
            has(other.phase, 0),
            has(one.hardware, asid),
            has(other.hardware, asid),
            has(one.running, task + 1),
            hasNot(other.running, task + 1),
          ]),
        ),
      ),
    },
    {
      id: "asid-of-the-task",
      says: "A CPU runs a task under the ASID that the task has: invalidations for the task reach it.",
      never: cpus.flatMap(({ phase, running, hardware }) =>
        tasks.flatMap((context, task) =>
          asids.map((asid) => [
            has(phase, 0),
            has(running, task + 1),
            has(hardware, asid),
            hasNot(context.asid, asid),
          ]),
        ),
      ),
    },
    {
      id: "no-stale-entry-under-a-live-asid",
      says: "A CPU that runs a task has no TLB entry under its ASID that was made for another, or before the task left that ASID.",
      reads: cpus.flatMap(({ phase, running, hardware, current, leftOver }) => [
        phase,
        running,
        hardware,
        current,
        leftOver,
      ]),
      holds: (state) => cpus.every((cpu) => !runsOnStale(m, cpu, state)),
    },
  ];
}

function runsOnStale(
  { tasks }: Asids,
  { phase, running, hardware, current, leftOver }: Asids["cpus"][number],
  state: Int32Array,
): boolean {
  const [task, asid] = [running.get(state), hardware.get(state)];
  if (phase.get(state) !== 0 || task === 0) return false;
  if (((leftOver.get(state) >>> (asid - 1)) & 1) === 1) return true;
  const others = current.get(state) & ~(1 << (task - 1));
  return (
    others !== 0 && tasks.some((each, at) => ((others >>> at) & 1) === 1 && each.asid.get(state) === asid)
  );
}

function draw({ generation, tasks, cpus }: Asids, state: Int32Array): Record<string, string> {
  const number = (field: Field) => (field.get(state) === 0 ? "-" : `${field.get(state) - 1}`);
  const context = (each: Context) =>
    each.asid.get(state) === 0 ? "-" : `${each.generation.get(state)}:${number(each.asid)}`;
  return {
    generation: `${generation.get(state)}`,
    contexts: tasks.map(context).join(" "),
    ...Object.fromEntries(
      cpus.map((cpu) => [
        `CPU ${cpu.index}`,
        `${number(cpu.running)} under ${number(cpu.hardware)}, ${context(cpu.active)}, ${context(cpu.reserved)}`,
      ]),
    ),
  };
}
