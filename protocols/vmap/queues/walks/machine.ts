/** A queue of blocks walked under RCU: vm_map_ram on CPU 0, vm_unmap_ram and vm_unmap_aliases on every CPU. */
import type { EventuallyEnds } from "../../../../engine/machine.ts";
import { has } from "../../../../engine/reduce/conditions.ts";
import { Layout } from "../../../../engine/search/layout.ts";
import { type Facts, factsOf } from "../../../../kernels/changes.ts";
import type { Step, StepMachine } from "../../../program.ts";
import { stepMachine } from "../../../step-machine.ts";
import { drawPages } from "../../vmap-blocks.ts";
import {
  aliasesOnQueue,
  freeAreaAtOnce,
  freeAreaByRcu,
  graceEnds,
  mapOnQueue,
  purgeAreas,
  purgeFragmentsAndAreas,
  unmapFromBlock,
  WALKING,
} from "./calls.ts";
import {
  type BlockFields,
  besideLinks,
  type CpuFields,
  FREED,
  fieldsOf,
  GONE,
  HEAD,
  listAdd,
  listAddTail,
  listDelInit,
  listDelRcu,
  NEW,
  NONE,
  overLinks,
  type Walks,
  type WalksScope,
} from "./fields.ts";

// The order of steps of each release's calls. A bug is an order with one of them replaced.

type Steps = (m: Walks, cpu: CpuFields) => readonly Step[];

export interface WalksOrder {
  readonly map: Steps;
  readonly unmap: Steps;
  /** vm_unmap_aliases before it takes the purge lock, and after. */
  readonly aliases: Steps;
  readonly purge: Steps;
}

function orderFrom({ newBlock, bornTaken, rcuLists, ...facts }: Facts): WalksOrder {
  const adds = newBlock === "first" ? listAdd : listAddTail;
  const removes = rcuLists ? listDelRcu : listDelInit;
  const hands = rcuLists ? besideLinks : overLinks;
  const freesArea = facts.search === "free space" ? freeAreaAtOnce : freeAreaByRcu;
  return {
    map: mapOnQueue({ adds, removes, bornTaken }),
    unmap: unmapFromBlock(hands),
    aliases: aliasesOnQueue(facts.passesFull),
    purge: facts.purgesFragments ? purgeFragmentsAndAreas(removes, hands, freesArea) : purgeAreas(freesArea),
  };
}

const orderOf = (label: string): WalksOrder => orderFrom(factsOf(label));

/** With de5604231ce4 alone, and without 02b709df817c. */
const rcuLists = orderFrom({ ...factsOf("2.6.28"), rcuLists: true });

export const WALKS_ORDERS: Readonly<Record<string, WalksOrder>> = {
  "2.6.28": orderOf("2.6.28"),
  "2.6.33": orderOf("2.6.33"),
  "4.4": orderOf("4.4"),
  "5.2": orderOf("5.2"),
  "5.13": orderOf("5.13"),
  /** The two halves of C1, each with the other repaired, and both repaired. */
  "2.6.28-rcu-head-over-links": { ...rcuLists, unmap: unmapFromBlock(overLinks) },
  "2.6.28-removed-points-at-itself": { ...rcuLists, map: orderOf("2.6.28").map },
  "2.6.28-rcu-lists": rcuLists,
};

// The machine.

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
