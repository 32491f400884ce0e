/** How the runs of a protocol of blocks end where its CPUs make just these calls: to be held beside a tree's. */
import { failedIn, isEnabled } from "../../engine/machine.ts";
import type { Outcome } from "../../jobs/trees/steps-judge.ts";
import type { StepAction } from "../../protocols/program.ts";
import { LAZY } from "../../protocols/vmap/blocks/fields.ts";
import { STEP_PROTOCOLS } from "../../protocols/vmap/index.ts";

const PAGES = 2;
const BEGINS: Readonly<Record<string, RegExp>> = {
  "map 1": /, vm_map_ram$/,
  "unmap x": /vm_unmap_ram of page 0/,
  "unmap y": /vm_unmap_ram of page 1/,
  aliases: /, vm_unmap_aliases$/,
};

/** A state, how many calls each CPU has begun, and the pages that each call has flushed, as bits. */
interface Node {
  readonly state: Int32Array;
  readonly done: readonly number[];
  readonly flushed: readonly number[];
}

/** Every way to end, after CPU 0 has mapped both pages of the block. Calls are numbered as those of a tree: the maps first. */
export function outcomesOfProtocol(name: string, lanes: readonly (readonly string[])[]): readonly Outcome[] {
  const protocol = STEP_PROTOCOLS.find((each) => each.name === name);
  if (protocol === undefined) throw new RangeError(name);
  const machine = protocol.machine({ cpus: 2, blocks: 1, pages: PAGES });
  const field = (called: string) => {
    const found = machine.layout.fields.find((each) => each.name === called);
    if (found === undefined) throw new RangeError(`${name} has no ${called}`);
    return (state: Int32Array) => found.get(state);
  };
  const [life, from, to] = [field("life of block 0"), field("range start"), field("range end")];
  const ptes = [field("pte of page 0"), field("pte of page 1")];
  const translations = [0, 1].map((page) => [0, 1].map((cpu) => field(`tlb of page ${page}[${cpu}]`)));
  const lists = [["map 1", "map 1", ...(lanes[0] ?? [])], lanes[1] ?? []];
  const calls = lists.flat().length;
  const first = new Int32Array(machine.words);
  machine.initial(first);
  const queue: Node[] = [{ state: first, done: [0, 0], flushed: Array(calls).fill(0) }];
  const seen = new Set<string>();
  const outcomes: Outcome[] = [];
  const isIdle = (state: Int32Array, cpu: number) =>
    machine.actions.some((each) => each.cpu === cpu && each.at === "idle" && isEnabled(each, state));
  const begun = (action: StepAction, state: Int32Array, done: readonly number[]): number[] | undefined => {
    if (action.at !== "idle") return [...done];
    const next = lists[action.cpu]?.[done[action.cpu] as number];
    if (next === undefined || BEGINS[next]?.test(action.name) !== true) return undefined;
    // As on a tree: where a PTE is cleared every TLB has it. None that has less violates more.
    const page = ["unmap x", "unmap y"].indexOf(next);
    if (translations[page]?.some((has) => has(state) === 0)) return undefined;
    const isSetUp = (done[0] as number) > 2 || (done[0] === 2 && isIdle(state, 0));
    if (!isSetUp && (done[0] as number) + action.cpu >= 2) return undefined;
    return done.map((count, cpu) => (cpu === action.cpu ? count + 1 : count));
  };
  /** The call that a CPU is in. */
  const callOf = (cpu: number, done: readonly number[]) =>
    cpu === 0 ? (done[0] as number) - 1 : (lists[0]?.length as number) + (done[1] as number) - 1;
  for (const { state, done, flushed } of queue) {
    const isOver = lists.every((list, cpu) => list.length === done[cpu] && isIdle(state, cpu));
    if (isOver)
      outcomes.push({
        lazy: life(state) === LAZY ? PAGES : 0,
        ptes: ptes.reduce((bits, pte, page) => bits | (pte(state) << page), 0),
        flushed,
      });
    for (const action of machine.actions) {
      const now = begun(action, state, done);
      if (now === undefined || !isEnabled(action, state)) continue;
      const call = callOf(action.cpu, now);
      const failed = failedIn(action, state);
      outcomes.push(...failed.map((law) => ({ law, call })));
      if (failed.length > 0) continue;
      const asks = action.name.endsWith("asks every CPU") ? 2 ** to(state) - 2 ** from(state) : 0;
      const after = {
        state: state.slice(),
        done: now,
        flushed: flushed.map((bits, at) => (at === call ? bits | asks : bits)),
      };
      action.effect(after.state);
      const key = `${after.state.join()} ${now.join()} ${after.flushed.join()}`;
      if (!seen.has(key)) queue.push(after);
      seen.add(key);
    }
  }
  return outcomes;
}

/** Each once, in one order. */
export const textsOf = (outcomes: readonly Outcome[]): readonly string[] =>
  [...new Set(outcomes.map((each) => JSON.stringify(each)))].sort();
