/** Tasks that run on CPUs: preempted between two phases, they continue on another CPU. TLBs belong to CPUs. */
import type { EventuallyEnds, LawStatement } from "../../engine/machine.ts";
import {
  actionOf,
  excludes,
  type Guard,
  includes,
  inOrder,
  isIn,
  not,
  type Operations,
  sets,
  test,
} from "../../engine/operations.ts";
import { type Condition, has, hasNot } from "../../engine/reduce/conditions.ts";
import { type Field, type IndexSet, indexOf, type Layout, plain, upTo } from "../../engine/search/layout.ts";
import { LAWS } from "../../spec/gather/laws/index.ts";
import { hardwareStep, MOST_PHASES, type Step, type StepAction } from "../program.ts";

/** A task, and the CPU that it runs on; none while it waits for one. */
interface TaskFields {
  readonly index: number;
  readonly phase: Field;
  readonly on: Field;
  readonly lane: string;
}

export const NEVER = test("never", [], () => false);

export const cpuSet = (size: number): IndexSet => ({ name: "CPUs", size });

/** The fields of every task; they begin waiting for a CPU. */
export const tasksOf = (
  layout: Layout,
  count: number,
  cpus: IndexSet,
  names: readonly string[] = [],
): readonly TaskFields[] =>
  upTo(count).map((index) => ({
    index,
    lane: names[index] ?? `task ${index}`,
    phase: layout.field(`phase of task ${index}`, plain(MOST_PHASES)),
    on: layout.field(`place of task ${index}`, indexOf(cpus)),
  }));

export const runs = ({ on }: TaskFields): Condition => hasNot(on, 0);
export const runsOn = ({ on }: TaskFields, cpu: number): Condition => has(on, cpu + 1);

/** Steps that a task takes only while it runs. */
export const whileRunning = (task: TaskFields, steps: readonly Step[]): Step[] =>
  steps.map((step) => ({ ...step, when: [runs(task), ...(step.when ?? [])] }));

/** The lanes of the CPUs, which come after those of the tasks. */
export const cpuLanes = (cpus: number): string[] => upTo(cpus).map((cpu) => `CPU ${cpu}`);

/** A task gets a free CPU, and loses it where it may be preempted. What else a switch does may be given. */
export function schedules(
  tasks: readonly TaskFields[],
  task: TaskFields,
  cpus: number,
  mayLeave: readonly Guard[],
  {
    leaves = () => [],
    returns = () => [],
  }: {
    readonly leaves?: (cpu: number) => Operations;
    readonly returns?: (cpu: number) => Operations;
  } = {},
): StepAction[] {
  const { lane } = task;
  const others = tasks.filter(({ index }) => index !== task.index);
  const action = (says: string, when: readonly Guard[], does: Operations, agent?: string): StepAction => ({
    ...actionOf({ name: `${lane}, scheduler: ${says}`, when, does, agent }),
    cpu: task.index,
    lane,
    says,
    guards: when,
    does: inOrder(does),
  });
  return upTo(cpus).flatMap((cpu) => [
    action(
      `runs on CPU ${cpu}`,
      [has(task.on, 0), ...others.map((other) => hasNot(other.on, cpu + 1))],
      [sets(task.on, cpu + 1), returns(cpu)],
      lane,
    ),
    action(`is preempted on CPU ${cpu}`, [runsOn(task, cpu), ...mayLeave], [leaves(cpu), sets(task.on, 0)]),
  ]);
}

/** A CPU's TLB, or its cache of upper levels, as a set: what it may cache at any time, and where it is flushed. */
export const caches = (
  cpu: number,
  tlb: Field,
  entry: number,
  says: string,
  when: readonly Guard[],
  lane?: number,
): StepAction =>
  hardwareStep(
    cpu,
    { says, when: [...when, not(isIn(tlb, entry))], does: includes(tlb, entry) },
    false,
    lane,
  );

/** The interrupt by which a CPU does what another waits for. Each is an agent: one does not wait for the others. */
export const interrupt = (
  cpu: number,
  pending: Field,
  says: string,
  does: Operations,
  lane?: number,
): StepAction => ({
  ...hardwareStep(
    cpu,
    { says, when: [isIn(pending, cpu)], does: [does, excludes(pending, cpu)] },
    true,
    lane,
  ),
  agent: `interrupts of CPU ${cpu}: ${says}`,
});

// Laws of the specification that are judged here in every state, by the same words.

function statementOf(law: string): LawStatement {
  const found = LAWS.find(({ id }) => id === law);
  if (found === undefined) throw new Error(`the specification has no law ${law}`);
  return { id: found.id, says: found.says };
}

export const freedNotReached: LawStatement = statementOf("freed-not-reached");
export const freedTableNotWalked: LawStatement = statementOf("freed-table-not-walked");
export const finishLeavesNothingStale: LawStatement = statementOf("finish-leaves-nothing-stale");
export const oneHashEntry: LawStatement = statementOf("one-hash-entry");

/** Each of these CPUs or tasks is idle again in the end. */
export const eachEnds = (
  those: readonly { readonly index: number; readonly phase: Field }[],
  id: string,
  says: string,
): EventuallyEnds[] =>
  those.map(({ index, phase }) => ({ id: `${id}-${index}`, says, when: [hasNot(phase, 0)] }));
