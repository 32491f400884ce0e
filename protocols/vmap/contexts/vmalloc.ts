/** vmalloc, from any context and with any mask that a release allows: what it allocates itself, step by step. */
import { briefly, excludes, inCase, isIn, not, sets, testOf } from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import {
  CONTEXTS,
  type Context,
  isInInterrupt,
  locksSurviveInterrupts,
  MASKS,
  nofailIsServed,
  queuedInMappedMemory,
  servesAllowedContexts,
} from "../../../spec/vmap/concepts.ts";
import { seen } from "../../call-assertions.ts";
import { IDLE, type Step } from "../../program.ts";
import {
  type Contexts,
  type CpuFields,
  callOf,
  GFP_NOWAIT,
  HELD,
  hasPart,
  NOFAIL,
  NONE,
  numberOf,
  PARTS,
  type Part,
  QUEUED,
  QUEUED_ASIDE,
} from "./fields.ts";
import { allocates, givesBack, granted, type MaskInside, maySleep, ofCaller, refused } from "./steps.ts";

export const ASSERT = "__get_vm_area_node";
const [ALLOC, SEARCH, AGAIN] = ["alloc_vmap_area", "__alloc_vmap_area", "search again"] as const;
export const SHADOW = "kasan_populate_vmalloc";
export const AREA_IS_MADE = "area is made";
/** Where an area of which nothing is mapped is given back, part by part. */
export const NO_AREA = "free_vmap_area";
export const [MAP, MAPPED, HALF_MADE, REFUSED] = [
  "vmap_pages_range",
  "is mapped",
  "fail",
  "returns NULL",
] as const;

/** A list of steps of some calls; a release has one of several, and a bug another. */
export type Steps = (m: Contexts, cpu: CpuFields) => readonly Step[];

/** From which contexts, with which masks, by their numbers. */
export type Callers = readonly { readonly context: Context; readonly mask: number }[];

export const begins =
  (callers: Callers): Steps =>
  (_m, cpu) =>
    callers.map(({ context, mask }) => ({
      at: IDLE,
      says: `${context}: vmalloc(${MASKS[mask]?.name})`,
      to: ASSERT,
      when: [has(cpu.area, NONE)],
      does: [sets(cpu.context, CONTEXTS.indexOf(context)), sets(cpu.mask, mask)],
    }));

/** The assertion at the entry; `stops` says in which contexts it does. */
export const asserts =
  (text: string, stops: (context: Context) => boolean): Steps =>
  (_m, cpu) => [
    {
      at: ASSERT,
      says: "passes the assertion at its entry",
      to: "vm_struct",
      does: { says: [`BUG_ON(${text})`], reads: [], writes: [], run: () => {} },
      asserts: [
        seen(servesAllowedContexts, [cpu.context, cpu.mask], (state) => {
          const command = callOf(cpu, state);
          return { command, response: { stoppedBy: stops(command.context) ? `BUG_ON(${text})` : undefined } };
        }),
      ],
    },
  ];

export const assertsNoInterrupt = asserts("in_interrupt()", isInInterrupt);
export const assertsNoHardInterrupt = asserts("in_nmi() || in_hardirq()", (context) =>
  ["hard irq", "NMI"].includes(context),
);

type WhileLocked = "bottom halves on" | "bottom halves off";

/** An area: its descriptors, and a range, for which lazy areas are purged if the caller can wait. */
export const makesArea =
  (sleeps: "always" | "if it may wait", locked: WhileLocked = "bottom halves on"): Steps =>
  (m, cpu) => {
    const isMap = isIn(cpu.parts, numberOf("vmap_block"));
    const waits = sleeps === "always" ? [] : [hasNot(cpu.mask, GFP_NOWAIT)];
    const range = numberOf("address range");
    const lock = takesLock(m, cpu, locked);
    const found = {
      to: SHADOW,
      does: [sets(cpu.parts, withPart(cpu, range)), lock.does],
      asserts: [lock.asserts],
    };
    return [
      ...allocates(cpu, "vm_struct", "vm_struct", ofCaller, ALLOC, REFUSED),
      { at: ALLOC, says: "might_sleep", to: "vmap_area", when: waits, asserts: [maySleep(cpu)] },
      ...(sleeps === "always"
        ? []
        : [{ at: ALLOC, says: "does not sleep", to: "vmap_area", when: [has(cpu.mask, GFP_NOWAIT)] }]),
      ...allocates(cpu, "vmap_area", "vmap_area", ofCaller, SEARCH, NO_AREA),
      { at: SEARCH, says: "finds room", ...found },
      {
        at: SEARCH,
        says: "finds no room: waits for the purge lock, purges",
        to: AGAIN,
        when: waits,
        asserts: [maySleep(cpu)],
      },
      ...(sleeps === "always"
        ? []
        : [{ at: SEARCH, says: "finds no room", to: NO_AREA, when: [has(cpu.mask, GFP_NOWAIT)] }]),
      { at: AGAIN, says: "finds room", ...found },
      { at: AGAIN, says: "finds no room", to: NO_AREA },
      ...givesAreaBack(cpu),
      { at: AREA_IS_MADE, says: "has an area", to: "page array", when: [not(isMap)] },
      { at: AREA_IS_MADE, says: "has an area", to: "xa_insert", when: [isMap] },
      ...(m.scope.shadow ? [] : [{ at: SHADOW, says: "has no shadow", to: AREA_IS_MADE }]),
    ];
  };

/** free_vmap_area_lock: every release leaves bottom halves on. */
function takesLock(m: Contexts, { context, mask }: CpuFields, locked: WhileLocked) {
  const softirq = has(context, CONTEXTS.indexOf("softirq"));
  const interruptible: readonly Context[] = locked === "bottom halves on" ? ["process", "spinlock held"] : [];
  const canBeInterrupted = has(context, ...interruptible.map((each) => CONTEXTS.indexOf(each)));
  const fields = [m.lockInSoftirq, m.lockInProcess, context, mask];
  const [inSoftirq, inProcess] = [testOf(softirq), testOf(canBeInterrupted)];
  return {
    does: [inCase(softirq, sets(m.lockInSoftirq, 1)), inCase(canBeInterrupted, sets(m.lockInProcess, 1))],
    asserts: seen(locksSurviveInterrupts, fields, (state) => ({
      command: callOf({ context, mask }, state),
      response: {
        locks: {
          inSoftirq: m.lockInSoftirq.get(state) === 1 || inSoftirq.holds(state),
          whereOneMayCome: m.lockInProcess.get(state) === 1 || inProcess.holds(state),
        },
      },
    })),
  };
}

/** The parts with one more. */
function withPart({ parts }: CpuFields, bit: number) {
  return {
    says: `parts and ${PARTS[bit]}`,
    reads: [parts],
    of: (state: Int32Array) => parts.get(state) | (1 << bit),
  };
}

/** In the opposite order; a caller that may not fail begins again where it has nothing. */
function givesAreaBack(cpu: CpuFields): Step[] {
  const rest: readonly Part[] = ["vmap_block", "vm_struct"];
  return [
    {
      at: NO_AREA,
      says: "gives range and vmap_area back",
      to: "kfree",
      does: briefly("has no range and no vmap_area", [
        excludes(cpu.parts, numberOf("vmap_area")),
        excludes(cpu.parts, numberOf("address range")),
      ]),
    },
    ...rest.map((part) => ({
      ...givesBack("kfree", part, "has nothing", cpu),
      when: [isIn(cpu.parts, numberOf(part))],
    })),
    { at: "has nothing", says: "gives up", to: REFUSED, when: [hasNot(cpu.mask, NOFAIL)] },
    { at: "has nothing", says: "tries again", to: ASSERT, when: [has(cpu.mask, NOFAIL)] },
  ];
}

/** The pages, and what points to them. */
export const getsPages: Steps = (_m, cpu) => [
  ...allocates(cpu, "page array", "page array", ofCaller, "pages", HALF_MADE),
  ...allocates(cpu, "pages", "pages", ofCaller, MAP, HALF_MADE),
];

/**
 * Page tables are allocated on the way; where one cannot be had, or a PTE is there already, a part stays mapped. In some
 * releases PTEs are set in lazy MMU mode; `leftOn` says that it stays on where a PTE cannot be set.
 */
export const mapsPages =
  (inside: MaskInside, leftOn: boolean): Steps =>
  (_m, cpu) => {
    const fails = { at: MAP, to: HALF_MADE, when: [hasNot(cpu.mask, NOFAIL)] };
    const some = sets(cpu.parts, withPart(cpu, numberOf("some PTEs")));
    const tables = allocates(cpu, MAP, "all PTEs", inside, MAPPED, HALF_MADE);
    return [
      ...tables.filter(({ to }) => to === MAPPED),
      { ...fails, says: "gets no page table: nothing is mapped" },
      { ...fails, says: "gets no second page table: some pages are mapped", does: some },
      {
        ...fails,
        says: "meets a PTE that is set: WARN, some pages are mapped",
        does: [some, ...(leftOn ? [sets(cpu.section, 1)] : [])],
      },
      { at: MAP, says: "gets no page table: tries again", to: MAP, when: [has(cpu.mask, NOFAIL)] },
    ];
  };

/**
 * The same where a caller that may not fail gets the first of two page tables, and not the second: it tries again, and
 * meets the PTEs that it set itself, unless they are unmapped before.
 */
export const mapsInTwoTables =
  (inside: MaskInside, before: "unmaps" | "does nothing"): Steps =>
  (m, cpu) => {
    const when = [has(cpu.mask, NOFAIL)];
    const says = "gets no second page table: some pages are mapped";
    const meets = "meets its own PTEs";
    const again: readonly Step[] =
      before === "unmaps"
        ? [{ at: MAP, says: `${says}, unmaps them; tries again`, to: MAP, when }]
        : [
            { at: MAP, says: `${says}; tries again`, to: meets, when },
            {
              at: meets,
              says: "a PTE is set: WARN; tries again",
              to: meets,
              asserts: [
                seen(nofailIsServed, [cpu.context, cpu.mask], (state) => ({
                  command: callOf(cpu, state),
                  response: { isEndless: true },
                })),
              ],
            },
          ];
    return [...mapsPages(inside, false)(m, cpu), ...again];
  };

/** What a vmalloc that succeeds has. */
export const returns: Steps = (m, cpu) => [
  {
    ...granted(
      cpu,
      MAPPED,
      "returns its address",
      ["vm_struct", "vmap_area", "address range", ...shadowOf(m), "page array", "pages", "all PTEs"],
      sets(cpu.area, HELD),
    ),
    when: [not(isIn(cpu.parts, numberOf("vmap_block")))],
  },
  refused(cpu, REFUSED),
];

export const shadowOf = ({ scope }: Contexts): readonly Part[] => (scope.shadow ? ["shadow"] : []);

/** An area whose pages cannot be had or mapped is freed by vfree: at once, or, in an interrupt, through its own memory. */
export const vfreesHalfMade: Steps = (_m, cpu) => {
  const interrupts = CONTEXTS.flatMap((each, number) => (isInInterrupt(each) ? [number] : []));
  const own = [not(isIn(cpu.parts, numberOf("vmap_block")))];
  return [
    {
      at: HALF_MADE,
      says: "vfree: frees all that there is",
      to: REFUSED,
      when: [hasNot(cpu.context, ...interrupts), ...own],
      does: sets(cpu.parts, 0),
      asserts: [maySleep(cpu)],
    },
    {
      at: HALF_MADE,
      says: "vfree: queues the area in its own memory",
      to: REFUSED,
      when: [has(cpu.context, ...interrupts), ...own],
      does: sets(cpu.area, QUEUED),
      asserts: [queuesMapped(cpu)],
    },
  ];
};

/** It is queued by its vm_struct, and a worker frees it. */
export const queuesHalfMade: Steps = (_m, cpu) => [
  {
    at: HALF_MADE,
    says: "queues its vm_struct",
    to: REFUSED,
    when: [not(isIn(cpu.parts, numberOf("vmap_block")))],
    does: sets(cpu.area, QUEUED_ASIDE),
  },
];

export function queuesMapped(cpu: CpuFields) {
  return seen(queuedInMappedMemory, [cpu.parts, cpu.context, cpu.mask], (state) => ({
    command: callOf(cpu, state),
    response: {
      queuedInMapped: hasPart(cpu.parts, "some PTEs", state) || hasPart(cpu.parts, "all PTEs", state),
    },
  }));
}
