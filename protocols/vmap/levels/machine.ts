/** Page tables of two levels, huge entries, and those who walk them (docs/todays-kernels.md). */
import { has } from "../../../engine/reduce/conditions.ts";
import { Layout, valueText } from "../../../engine/search/layout.ts";
import { factsOf } from "../../../kernels/changes.ts";
import type { StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";
import { freesTable, maps, overwrites, purges, type Replaces, tries, unmaps } from "./calls.ts";
import { type Follows, fieldsOf, type Levels, type LevelsScope } from "./fields.ts";
import {
  caches,
  deviceCaches,
  dumps,
  ioremaps,
  type Steps,
  toPage,
  touches,
  touchesOnOtherRoot,
  vmallocs,
} from "./walks.ts";

export interface LevelsOrder extends Follows {
  readonly steps: readonly Steps[];
}

const excludingPtdump = freesTable(true, (m) => [has(m.dumps, 0)]);
const REPLACES: Readonly<Record<ReturnType<typeof factsOf>["replaced"], Replaces>> = {
  overwritten: overwrites,
  freed: freesTable(false),
  "flushed, freed": freesTable(true),
  "flushed, freed, without ptdump": excludingPtdump,
};

function orderOf(label: string, toPages?: Steps): LevelsOrder {
  const { huge, fallsBack, replaced, syncs, flushesDevices } = factsOf(label);
  const follows = toPage(huge === "vmalloc too" ? "followed" : "taken for bad");
  return {
    syncs,
    flushesDevices,
    steps: [
      ioremaps,
      vmallocs(huge === "vmalloc too", fallsBack),
      maps,
      tries(REPLACES[replaced]),
      unmaps,
      purges,
      touches,
      touchesOnOtherRoot,
      toPages ?? follows,
      dumps,
    ],
  };
}

export const LEVELS_ORDERS: Readonly<Record<string, LevelsOrder>> = {
  "4.1": orderOf("4.1"),
  "4.16": orderOf("4.16"),
  "4.19": orderOf("4.19"),
  "5.8": orderOf("5.8"),
  "5.13": orderOf("5.13"),
  /** Longterm kernels took some of what came later. */
  "6.1.192": orderOf("6.1.192"),
  "6.3": orderOf("6.3"),
  "6.11": orderOf("6.11"),
  "6.12.117": orderOf("6.12.117"),
  "6.14": orderOf("6.14"),
  "6.19": orderOf("6.19"),
  "7.2": orderOf("7.2"),
  /** Huge vmalloc without c0eb315ad971. */
  "7.2-huge-taken-for-bad": orderOf("7.2", toPage("taken for bad")),
};

export function levelsMachine(name: string, scope: LevelsScope, order: LevelsOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope, order);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => order.steps.flatMap((steps) => steps(m, cpu)),
    hardware: (cpu) => [...caches(m, cpu), ...(cpu.index === 0 ? deviceCaches(m) : [])],
    legend: "a region: its upper entry, and the frames that its owner has",
    draw: (state) => draw(m, state),
  });
}

function draw({ regions, tables, cpus }: Levels, state: Int32Array): Record<string, string> {
  const frame = (value: number) => (value === 0 ? "." : `${value - 1}`);
  return Object.fromEntries([
    ...regions.map(({ index, upper, pages }) => [
      `region ${index}`,
      `${valueText(upper, upper.get(state))}; ${pages.map(({ owners }) => frame(owners.get(state))).join(" ")}`,
    ]),
    ...tables.map(({ index, life, leaves }) => [
      `table ${index}`,
      `${valueText(life, life.get(state))}: ${leaves.map((leaf) => frame(leaf.get(state))).join(" ")}`,
    ]),
    ...cpus.flatMap(({ index, walker, tlb }) => [
      [`walker ${index}`, walker.map((each) => frame(each.get(state))).join(" ")],
      [`TLB ${index}`, tlb.map((each) => frame(each.get(state))).join(" ")],
    ]),
  ]);
}
