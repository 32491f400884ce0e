/** vmalloc, and vfree of an area with VM_FLUSH_RESET_PERMS up to the purge: vm_remove_mappings. */
import { has } from "../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../program.ts";
import { BUSY, type CpuFields, directOf, FREE, LAZY, type ResetPerms } from "./fields.ts";

/** vmalloc of a page, from either kind of memory. */
export const allocates = (m: ResetPerms): Step[] =>
  m.areas.flatMap(({ index, life, isHigh }) =>
    ["low", "high"].map((kind, high) => ({
      at: IDLE,
      says: `vmalloc of area ${index}, its page in ${kind} memory`,
      to: IDLE,
      when: [has(life, FREE)],
      does: (state: Int32Array) => {
        life.set(state, BUSY);
        isHigh.set(state, high);
      },
      writes: [life, isHigh],
    })),
  );

/**
 * The area is unmapped and lazy before the range of its pages in the direct map is worked out. What asks for a flush:
 * in 5.2-rc any such vfree (B9); since 31e67340cc65 only a page that has an address there.
 */
export const frees =
  (asks: "always" | "for a page in the direct map") =>
  (m: ResetPerms, cpu: CpuFields): Step[] => [
    ...m.areas.map((area): Step => {
      const { index, life, isHigh } = area;
      return {
        at: IDLE,
        says: `vfree of area ${index}: remove_vm_area`,
        to: "vm_remove_mappings",
        when: [has(life, BUSY)],
        does: (state) => {
          life.set(state, LAZY);
          cpu.direct.set(state, isHigh.get(state) === 1 ? 0 : directOf(m, area));
          isHigh.set(state, 0);
        },
        reads: [isHigh],
        writes: [life, isHigh, cpu.direct],
      };
    }),
    {
      at: "vm_remove_mappings",
      says: "works out the range in the direct map",
      to: "vmap_purge_lock",
      does: (state) => {
        const direct = cpu.direct.get(state);
        cpu.start.set(state, direct > 0 ? direct : m.most);
        cpu.end.set(state, direct > 0 ? direct + 1 : 0);
        cpu.asks.set(state, asks === "always" || direct > 0 ? 1 : 0);
      },
      reads: [cpu.direct],
      writes: [cpu.start, cpu.end, cpu.asks],
    },
  ];
