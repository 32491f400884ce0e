/** KASAN's shadow of a new area, vm_map_ram in a new block, and what is freed: at once, or by a worker. */
import { isIn, not, sets } from "../../../engine/operations.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import { CONTEXTS, type Context, isInInterrupt } from "../../../spec/vmap/concepts.ts";
import { IDLE, type Step } from "../../program.ts";
import { type CpuFields, GFP_KERNEL, HELD, NONE, numberOf, QUEUED, QUEUED_ASIDE } from "./fields.ts";
import { allocates, granted, type MaskInside, maySleep, ofCaller } from "./steps.ts";
import {
  AREA_IS_MADE,
  HALF_MADE,
  MAP,
  MAPPED,
  NO_AREA,
  queuesMapped,
  REFUSED,
  SHADOW,
  type Steps,
  shadowOf,
} from "./vmalloc.ts";

/** apply_to_page_range calls back in lazy MMU mode, and each page of shadow is allocated there. */
export const populatesInLazyMode =
  (inside: MaskInside): Steps =>
  (_m, cpu) => {
    const leaves = (at: string, to: string): Step => ({
      at,
      says: "leaves lazy MMU mode",
      to,
      does: sets(cpu.section, 0),
    });
    return [
      { at: SHADOW, says: "enters lazy MMU mode", to: "shadow page", does: sets(cpu.section, 1) },
      ...allocates(cpu, "shadow page", "shadow", inside, "has shadow", "lacks shadow"),
      leaves("has shadow", AREA_IS_MADE),
      leaves("lacks shadow", NO_AREA),
    ];
  };

/** The pages are allocated before. */
export const populates =
  (inside: MaskInside): Steps =>
  (_m, cpu) =>
    allocates(cpu, SHADOW, "shadow", inside, AREA_IS_MADE, NO_AREA);

/** vm_map_ram where a new block is needed, by a process with GFP_KERNEL: a block, an area, an entry in the index, PTEs. */
export const mapsInNewBlock: Steps = (m, cpu) => {
  const isMap = [isIn(cpu.parts, numberOf("vmap_block"))];
  return [
    {
      at: IDLE,
      says: "process: vm_map_ram",
      to: "new_vmap_block",
      when: [has(cpu.area, NONE)],
      does: sets(cpu.mask, GFP_KERNEL),
    },
    ...allocates(cpu, "new_vmap_block", "vmap_block", ofCaller, "alloc_vmap_area", REFUSED),
    ...allocates(cpu, "xa_insert", "xarray node", ofCaller, MAP, NO_AREA),
    {
      ...granted(
        cpu,
        MAPPED,
        "returns a map",
        ["vmap_block", "vmap_area", "address range", ...shadowOf(m), "xarray node", "all PTEs"],
        sets(cpu.area, HELD),
      ),
      when: isMap,
    },
    {
      at: HALF_MADE,
      says: "vm_unmap_ram: the block is used up, and freed",
      to: REFUSED,
      when: isMap,
      does: sets(cpu.parts, 0),
      asserts: [maySleep(cpu)],
    },
    {
      at: IDLE,
      says: "process: vm_unmap_ram, of the last map of its block",
      to: "vm_unmap_ram",
      when: [has(cpu.area, HELD), ...isMap],
      does: sets(cpu.mask, GFP_KERNEL),
    },
    { ...freesAll(cpu, "vm_unmap_ram"), asserts: [maySleep(cpu)] },
  ];
};

const freesAll = (cpu: CpuFields, at: string) => ({
  at,
  says: "frees all; returns",
  to: IDLE,
  does: [cpu.parts, cpu.area, cpu.mask, cpu.context].map((field) => sets(field, 0)),
});

/** vfree from these contexts: in an interrupt, or with bottom halves off, the area is queued in its own memory. */
export const frees =
  (contexts: readonly Context[]): Steps =>
  (_m, cpu) => {
    const numbers = (all: readonly Context[]) => all.map((each) => CONTEXTS.indexOf(each));
    const interrupts = CONTEXTS.filter(isInInterrupt);
    const others = CONTEXTS.filter((each) => !isInInterrupt(each));
    const later = {
      at: "vfree",
      says: "queues the area in its own memory; returns",
      to: IDLE,
      when: [has(cpu.context, ...numbers(interrupts))],
      does: [sets(cpu.area, QUEUED), sets(cpu.mask, 0), sets(cpu.context, 0)],
      asserts: [queuesMapped(cpu)],
    };
    return [
      ...contexts.map((context) => ({
        at: IDLE,
        says: `${context}: vfree`,
        to: "vfree",
        when: [has(cpu.area, HELD), not(isIn(cpu.parts, numberOf("vmap_block")))],
        does: [sets(cpu.context, CONTEXTS.indexOf(context)), sets(cpu.mask, GFP_KERNEL)],
      })),
      { ...freesAll(cpu, "vfree"), when: [has(cpu.context, ...numbers(others))], asserts: [maySleep(cpu)] },
      ...(contexts.some(isInInterrupt) ? [later] : []),
    ];
  };

/** The worker that frees what is queued, in either way. */
export const worker: Steps = (_m, cpu) => [
  {
    ...freesAll(cpu, IDLE),
    says: "a worker frees what is queued",
    when: [has(cpu.area, QUEUED, QUEUED_ASIDE)],
    agent: "worker",
  },
];
