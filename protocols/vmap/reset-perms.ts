/** vfree of areas whose permissions are reset, against purges of other CPUs. */
import { clears, compare, inCase, noneIs, plus, replaces, sets, someIs } from "../../engine/operations.ts";
import { has } from "../../engine/reduce/conditions.ts";
import { type Field, FLAG, Layout, named, noneOr, plain, upTo } from "../../engine/search/layout.ts";
import { factsOf } from "../../kernels/changes.ts";
import { flushWellFormed } from "../../spec/vmap/laws/purging.ts";
import { done, keeps } from "../call-assertions.ts";
import { type Check, IDLE, MOST_PHASES, type Step, type StepMachine } from "../program.ts";
import { stepMachine } from "../step-machine.ts";

// The state of vfree of an area with VM_FLUSH_RESET_PERMS: areas of one page, which has an address in the direct map
// as well, or none if it is in high memory. Addresses of areas come first, those of the direct map after them.

export interface ResetPermsScope {
  readonly cpus: number;
  readonly areas: number;
}

/** The life of an area. */
export const [FREE, BUSY, LAZY, PURGING] = [0, 1, 2, 3] as const;

type ResetPerms = ReturnType<typeof fieldsOf>;
export type CpuFields = ResetPerms["cpus"][number];

export function fieldsOf(layout: Layout, scope: ResetPermsScope) {
  const { cpus, areas } = scope;
  const most = 2 * areas + 1;
  const address = plain(most + 1, (value) => (value === most ? "MAX" : String(value)));
  return {
    scope,
    /** ULONG_MAX: above every address. */
    most,
    purgeLock: layout.field("purge lock", noneOr(cpus, "CPU")),
    areas: upTo(areas).map((index) => ({
      index,
      life: layout.field(`life of area ${index}`, named("free", "busy", "lazy", "purging")),
      /** Whether its page is in high memory. */
      isHigh: layout.field(`is high of area ${index}`, FLAG),
    })),
    cpus: upTo(cpus).map((index) => ({
      index,
      phase: layout.field(`phase of CPU ${index}`, plain(MOST_PHASES)),
      /** The direct-map address of the page that its call frees; 0 if there is none. */
      direct: layout.field(`direct of CPU ${index}`, address),
      /** The range to flush, and whether to flush it even if there is nothing to purge. */
      start: layout.field(`start of CPU ${index}`, address),
      end: layout.field(`end of CPU ${index}`, address),
      asks: layout.field(`asks of CPU ${index}`, FLAG),
    })),
  };
}

/** The direct-map address of an area's page, if it has one. */
export const directOf = ({ scope }: ResetPerms, { index }: { readonly index: number }) => scope.areas + index;

const livesOf = ({ areas }: ResetPerms): readonly Field[] => areas.map(({ life }) => life);

// vmalloc, vfree of an area with VM_FLUSH_RESET_PERMS (vm_remove_mappings), and a purge by another CPU.

const [LOCK, PURGE, FLUSH] = ["vmap_purge_lock", "__purge_vmap_area_lazy", "flush_tlb_kernel_range"] as const;

/** vmalloc of a page, from either kind of memory. */
export const allocates = (m: ResetPerms): Step[] =>
  m.areas.flatMap(({ index, life, isHigh }) =>
    ["low", "high"].map((kind, high) => ({
      at: IDLE,
      says: `vmalloc of area ${index}, its page in ${kind} memory`,
      to: IDLE,
      when: [has(life, FREE)],
      does: [sets(life, BUSY), sets(isHigh, high)],
    })),
  );

/**
 * The area is unmapped and lazy before the range of its pages in the direct map is computed. A flush is requested by
 * any such vfree in 5.2-rc (B9), since 31e67340cc65 only for a page with an address there.
 */
export const frees =
  (asks: "always" | "for a page in the direct map") =>
  (m: ResetPerms, cpu: CpuFields): Step[] => [
    ...m.areas.map((area) => ({
      at: IDLE,
      says: `vfree of area ${area.index}: remove_vm_area`,
      to: "vm_remove_mappings",
      when: [has(area.life, BUSY)],
      does: [
        sets(area.life, LAZY),
        inCase(has(area.isHigh, 1), sets(cpu.direct, 0), sets(cpu.direct, directOf(m, area))),
        sets(area.isHigh, 0),
      ],
    })),
    {
      at: "vm_remove_mappings",
      says: "works out the range in the direct map",
      to: LOCK,
      does: inCase(
        compare(0, "<", cpu.direct),
        [sets(cpu.start, cpu.direct), sets(cpu.end, plus(cpu.direct, 1)), sets(cpu.asks, 1)],
        [sets(cpu.start, m.most), sets(cpu.end, 0), sets(cpu.asks, asks === "always" ? 1 : 0)],
      ),
    },
  ];

/** The range is widened by every lazy area, and flushed; without lazy areas, only the requested range is flushed. */
export function purges(m: ResetPerms, cpu: CpuFields): Step[] {
  const { purgeLock } = m;
  const { start, end, direct, asks } = cpu;
  const lives = livesOf(m);
  const ends = clears(purgeLock, direct, start, end, asks);
  return [
    {
      at: IDLE,
      says: "a purge begins",
      to: LOCK,
      when: [someIs(lives, LAZY)],
      does: sets(start, m.most),
    },
    {
      at: LOCK,
      says: "takes the purge lock",
      to: PURGE,
      when: [has(purgeLock, 0)],
      does: sets(purgeLock, cpu.index + 1),
    },
    {
      at: PURGE,
      says: "gathers every lazy area",
      to: FLUSH,
      when: [someIs(lives, LAZY)],
      does: m.areas.map(({ index, life }) =>
        inCase(has(life, LAZY), [
          sets(life, PURGING),
          inCase(compare(index, "<", start), sets(start, index)),
          inCase(compare(end, "<=", index), sets(end, index + 1)),
        ]),
      ),
    },
    {
      at: PURGE,
      says: "finds no lazy area, but was asked to flush",
      to: FLUSH,
      when: [has(asks, 1), noneIs(lives, LAZY)],
    },
    {
      at: PURGE,
      says: "finds no lazy area, unlocks; returns",
      to: IDLE,
      when: [has(asks, 0), noneIs(lives, LAZY)],
      does: ends,
    },
    {
      at: FLUSH,
      says: "flushes the range, releases, unlocks; returns",
      to: IDLE,
      does: [replaces(lives, PURGING, FREE), ends],
      asserts: [isWellFormed(m, cpu)],
    },
  ];
}

/** Released after this flush: the gathered areas, and the page of the vfree itself in the direct map. */
function isWellFormed(m: ResetPerms, { direct, start, end }: CpuFields): Check {
  return keeps(flushWellFormed, [...livesOf(m), direct, start, end], (state) => {
    const flush = { start: start.get(state), end: end.get(state) };
    const released = m.areas
      .filter(({ life }) => life.get(state) === PURGING)
      .map(({ index }) => index)
      .concat(direct.get(state) > 0 ? [direct.get(state)] : []);
    const unflushed = released.filter((page) => page < flush.start || page >= flush.end);
    return {
      command: { op: "unmapAliases" },
      response: { ...done, flushes: [flush] },
      before: { releasedUnflushed: 0 },
      after: { releasedUnflushed: unflushed.length },
    };
  });
}

/** 5.2-rc3 has B9; 5.2 is released without it. */
export const RESET_PERMS_ORDERS: Readonly<
  Record<string, (m: ResetPerms, cpu: CpuFields) => readonly Step[]>
> = {
  "5.2-rc3": frees(factsOf("5.2-rc3").resetAsks),
  "5.2": frees(factsOf("5.2").resetAsks),
};

// The machine.

export function resetPermsMachine(
  name: string,
  scope: ResetPermsScope,
  vfree: (m: ResetPerms, cpu: CpuFields) => readonly Step[],
): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [...allocates(m), ...vfree(m, cpu), ...purges(m, cpu)],
    draw: (state) => draw(m, state),
  });
}

/** Areas by their life, and the range that each CPU will flush. */
function draw({ areas, cpus, most }: ResetPerms, state: Int32Array): Record<string, string> {
  const edge = (address: number) => (address === most ? "MAX" : `${address}`);
  return {
    areas: areas.map(({ life }) => ".ALP"[life.get(state)]).join(""),
    ...Object.fromEntries(
      cpus.map(({ index, start, end }) => {
        const [from, to] = [start.get(state), end.get(state)];
        return [`range ${index}`, from === 0 && to === 0 ? "" : `[${edge(from)},${edge(to)})`];
      }),
    ),
  };
}
