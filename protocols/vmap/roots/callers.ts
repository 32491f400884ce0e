/** The steps of callers: ioremap, iounmap, and touches of held addresses; and the steps of a CPU's hardware. */
import { any, inCase, sets } from "../../../engine/operations.ts";
import { has, hasNot } from "../../../engine/reduce/conditions.ts";
import { type Field, upTo } from "../../../engine/search/layout.ts";
import { noStaleTranslation } from "../../../spec/vmap/laws/translation.ts";
import { done, keeps } from "../../call-assertions.ts";
import { type Check, hardwareStep, IDLE, type Step, type StepAction } from "../../program.ts";
import { type AddressFields, type CpuFields, FREE, LAZY, LIVE, type Roots, UNMAPPED } from "./fields.ts";

/** Both write only the reference: other roots get an entry by a fault, and lose it by synchronisation. */
export const mapsAndUnmaps = (m: Roots): Step[] =>
  m.addresses.flatMap(({ index, life, reference }): Step[] => [
    ...upTo(m.scope.frames).map((frame) => ({
      at: IDLE,
      says: `ioremap maps address ${index} to frame ${frame}; returns`,
      to: IDLE,
      when: [has(life, FREE)],
      does: [sets(life, LIVE), sets(reference, frame + 1)],
    })),
    {
      at: IDLE,
      says: `iounmap of address ${index} clears its entry`,
      to: `free_vmap_area_noflush ${index}`,
      when: [has(life, LIVE)],
      does: [sets(life, UNMAPPED), sets(reference, 0)],
    },
    {
      at: `free_vmap_area_noflush ${index}`,
      says: `puts address ${index} on the lazy list; returns`,
      to: IDLE,
      does: sets(life, LAZY),
    },
  ]);

/** A CPU touches an address that is held, through its TLB if it can, else by the root on which it runs. */
export const touches = (m: Roots, cpu: CpuFields): Step[] =>
  m.addresses.flatMap((address) =>
    address.entries.flatMap((entry, root): Step[] => {
      const { index, life, reference } = address;
      const tlb = cpu.tlb[index] as Field;
      const held = [has(life, LIVE), has(cpu.root, root)];
      return [
        {
          at: IDLE,
          says: `touches address ${index} on root ${root}`,
          to: IDLE,
          when: [...held, any(hasNot(tlb, 0), hasNot(entry, 0))],
          does: inCase(has(tlb, 0), sets(tlb, entry)),
          asserts: [reaches(cpu, address, tlb, entry)],
        },
        {
          at: IDLE,
          says: `touches address ${index} on root ${root}: vmalloc_fault copies the reference's entry`,
          to: IDLE,
          when: [...held, has(tlb, 0), has(entry, 0)],
          does: sets(entry, reference),
        },
      ];
    }),
  );

function reaches(cpu: CpuFields, { index, reference }: AddressFields, tlb: Field, entry: Field): Check {
  return keeps(noStaleTranslation, [tlb, entry, reference], (state) => ({
    command: { op: "touch", cpu: cpu.index, page: index },
    response: {
      ...done,
      kind: "reached",
      hit: tlb.get(state) !== 0,
      frame: (tlb.get(state) || entry.get(state)) - 1,
    },
    before: { frameAt: () => reference.get(state) - 1 },
  }));
}

/**
 * A CPU switches to another process. Its TLB is kept, as with global entries; without them a flush comes with the
 * switch, and fewer violations are possible.
 */
export const switches = (m: Roots, cpu: CpuFields): Step[] =>
  upTo(m.scope.roots).map((root) => ({
    at: IDLE,
    says: `runs on root ${root}`,
    to: IDLE,
    does: sets(cpu.root, root),
  }));

/** The CPU may cache an entry of its root at any time. */
export const caches = (m: Roots, cpu: CpuFields): StepAction[] =>
  m.addresses.flatMap(({ index, entries }) =>
    entries.map((entry, root) => {
      const tlb = cpu.tlb[index] as Field;
      return hardwareStep(
        cpu.index,
        {
          says: `caches address ${index} from root ${root}`,
          when: [has(tlb, 0), has(cpu.root, root), hasNot(entry, 0)],
          does: sets(tlb, entry),
        },
        false,
      );
    }),
  );
