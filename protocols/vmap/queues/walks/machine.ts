/** A queue of blocks walked under RCU: vm_map_ram on CPU 0, vm_unmap_ram and vm_unmap_aliases on every CPU. */
import type { EventuallyEnds } from "../../../../engine/machine.ts";
import { has } from "../../../../engine/reduce/conditions.ts";
import { Layout } from "../../../../engine/search/layout.ts";
import type { StepMachine } from "../../../program.ts";
import { stepMachine } from "../../../step-machine.ts";
import { drawPages } from "../../vmap-blocks.ts";
import { WALKING } from "./aliases.ts";
import {
  type BlockFields,
  type CpuFields,
  FREED,
  fieldsOf,
  GONE,
  HEAD,
  NEW,
  NONE,
  type Walks,
  type WalksScope,
} from "./fields.ts";
import { graceEnds } from "./purge.ts";
import type { WalksOrder } from "./releases.ts";

export function walksMachine(name: string, scope: WalksScope, order: WalksOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [
      ...(cpu.index === 0 ? order.map(m, cpu) : []),
      ...order.unmap(m, cpu),
      ...order.aliases(m, cpu),
      ...order.purge(m, cpu),
    ],
    others: graceEnds(m),
    eventuallyEnds: (phases) => m.cpus.map((cpu) => walkPasses(cpu, phases)),
    draw: (state) => draw(m, state),
  });
}

/** A read section in which a walk goes round and round would never end, nor any grace period. */
function walkPasses({ index, phase }: CpuFields, phases: readonly string[]): EventuallyEnds {
  return {
    id: `walk-ends-on-cpu-${index}`,
    says: `A walk that CPU ${index} began ends.`,
    when: [has(phase, ...WALKING.map((name) => phases.indexOf(name)).filter((at) => at >= 0))],
  };
}

/** Each block as its pages given back (x), mapped (M) and never given out (.), in the order of its links. */
function draw(m: Walks, state: Int32Array): Record<string, string> {
  const place = (at: number) => (at === HEAD ? "head" : at === m.overwritten ? "?" : `${at - 1}`);
  const show = (block: BlockFields) => {
    const { index, memory, area, next } = block;
    const now = memory.get(state);
    if (now === NONE) return "-";
    const pages = drawPages(block, m.scope.pages, state);
    const life = now === NEW ? " new" : now === GONE ? " gone" : "";
    return `${index}:${pages}${life}${area.get(state) === FREED ? " no area" : ""}>${place(next.get(state))}`;
  };
  return {
    queue: `head>${place(m.first.get(state))}`,
    blocks: m.blocks.map(show).join(" "),
    ...Object.fromEntries(
      m.cpus.map(({ index, at }) => [
        `walk ${index}`,
        (m.readers.get(state) >>> index) & 1 ? place(at.get(state)) : "",
      ]),
    ),
  };
}
