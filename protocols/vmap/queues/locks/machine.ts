/** Queues of blocks and their locks: vm_map_ram, vm_unmap_ram and vm_unmap_aliases on every CPU. */
import { Layout } from "../../../../engine/search/layout.ts";
import { factsOf } from "../../../../kernels/changes.ts";
import type { Step, StepMachine } from "../../../program.ts";
import { stepMachine } from "../../../step-machine.ts";
import { drawPages } from "../../vmap-blocks.ts";
import { aliasesThroughIndex, graceEnds, mapFromQueue, unmapFromBlock } from "./calls.ts";
import {
  type BlockFields,
  type CpuFields,
  emptyQueues,
  fieldsOf,
  GONE,
  type Locks,
  type LocksScope,
  NEW,
  NONE,
} from "./fields.ts";

// The order of steps of each release's calls. A bug is an order with one of them replaced.

type Steps = (m: Locks, cpu: CpuFields) => readonly Step[];

export interface LocksOrder {
  readonly map: Steps;
  readonly unmap: Steps;
  readonly aliases: Steps;
}

/** From fc1e0d980037 on vm_unmap_aliases goes through the index, which 062eacf57ad9 (6.4) put in parts by address. */
function orderOf(label: string): LocksOrder {
  const { cpuWritten } = factsOf(label);
  return {
    map: mapFromQueue(cpuWritten),
    unmap: unmapFromBlock,
    aliases: aliasesThroughIndex(cpuWritten === "never" ? "of the index" : "of vb->cpu"),
  };
}

export const LOCKS_ORDERS: Readonly<Record<string, LocksOrder>> = {
  "6.5": orderOf("6.5"),
  "6.10": orderOf("6.10"),
  "6.11": orderOf("6.11"),
};

// The machine.

/** Throws a RangeError for blocks of less than 2 pages, or where calls have more phases than fit. */
export function locksMachine(name: string, scope: LocksScope, order: LocksOrder): StepMachine {
  if (scope.pages < 2) throw new RangeError(`${name}: a block has 2 pages at least, not ${scope.pages}`);
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [...order.map(m, cpu), ...order.unmap(m, cpu), ...order.aliases(m, cpu)],
    others: graceEnds(m),
    begin: (state) => emptyQueues(m, state),
    legend:
      "> leads on to, < leads back to; h0: the head of CPU 0's queue; blocks: x given back, M mapped, . never given out",
    draw: (state) => draw(m, state),
  });
}

/** Each queue in the order of its links from the head, and each block. */
function draw(m: Locks, state: Int32Array): Record<string, string> {
  const place = (here: number) => (here < m.scope.cpus ? `h${here}` : `${here - m.scope.cpus}`);
  return {
    ...Object.fromEntries(
      m.queues.map(({ here, next, prev }) => [
        `queue ${here}`,
        `>${place(next.get(state))} <${place(prev.get(state))}`,
      ]),
    ),
    blocks: m.blocks.map((block) => show(m, block, place, state)).join(" "),
  };
}

/** Pages given back (x), mapped (M) and never given out (.), and the links. */
function show(m: Locks, block: BlockFields, place: (here: number) => string, state: Int32Array): string {
  const { index, life, next, prev } = block;
  const now = life.get(state);
  if (now === NONE) return "-";
  const pages = drawPages(block, m.scope.pages, state);
  const word = now === NEW ? " new" : now === GONE ? " gone" : "";
  return `${index}:${pages}${word} >${place(next.get(state))} <${place(prev.get(state))}`;
}
