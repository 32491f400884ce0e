/** vmalloc and ioremap of a region as they begin: whose frames its owner gets, and for which size of entry. */
import { all, does, type Guard, isIn, not, type Operation, sets } from "../../../engine/operations.ts";
import { has } from "../../../engine/reduce/conditions.ts";
import { IDLE, type Step } from "../../program.ts";
import { FREE, HUGE, type Levels, MAKING, type RegionFields, SMALL } from "./fields.ts";
import type { Steps } from "./walks.ts";

/** The phases of a call of a region. */
export const phasesOf = ({ index }: RegionFields) =>
  ({
    pages: `vm_area_alloc_pages ${index}`,
    map: `vmap_pages_range ${index}`,
    huge: `vmap_try_huge_pmd ${index}`,
    cleared: `pmd_free_pte_page ${index}`,
    refused: `fail ${index}`,
  }) as const;

/** The frames of a page array: taken, and noted as the owner's. */
function takes(m: Levels, { pages }: RegionFields, frames: readonly number[]): Operation {
  const owners = pages.map((page) => page.owners);
  return does(
    `takes frames ${frames.join(" and ")}`,
    { reads: [m.used], writes: [m.used, ...owners] },
    (state) => {
      for (const [at, frame] of frames.entries()) {
        owners[at]?.set(state, frame + 1);
        if (frame < 2 * m.scope.pairs) m.used.set(state, m.used.get(state) | (1 << frame));
      }
    },
  );
}

/** They are free again; the owner has none. */
export function givesBack(m: Levels, { pages }: RegionFields): Operation {
  const owners = pages.map((page) => page.owners);
  return does("frees its frames", { reads: [m.used, ...owners], writes: [m.used, ...owners] }, (state) => {
    for (const field of owners) {
      const frame = field.get(state) - 1;
      if (frame >= 0 && frame < 2 * m.scope.pairs) m.used.set(state, m.used.get(state) & ~(1 << frame));
      field.set(state, 0);
    }
  });
}

const areFree = (m: Levels, frames: readonly number[]): Guard =>
  all(...frames.map((frame) => not(isIn(m.used, frame))));

/** Frames that are not contiguous: the first of each of two pairs. */
const single = (m: Levels): readonly (readonly number[])[] =>
  Array.from({ length: m.scope.pairs }, (_none, pair) => [2 * pair, 2 * ((pair + 1) % m.scope.pairs)]);
const contiguous = (m: Levels): readonly (readonly number[])[] =>
  Array.from({ length: m.scope.pairs }, (_none, pair) => [2 * pair, 2 * pair + 1]);

const from = (frames: readonly number[]) => frames.join(" and ");

/** vmalloc with small pages, and, if it may, with huge ones first. */
export const vmallocs =
  (huge: boolean, fallsBack: "by a new area" | "to small pages in the area"): Steps =>
  (m, cpu) =>
    m.regions.flatMap((region): Step[] => {
      const { pages, map } = phasesOf(region);
      const begins = { at: IDLE, to: pages, when: [has(region.life, FREE)] };
      const isHuge = has(cpu.shift, HUGE);
      const gets = (
        frames: readonly number[],
        says: string,
        when: readonly Guard[],
        does: readonly Operation[] = [],
      ) => ({
        at: pages,
        says,
        to: map,
        when: [...when, areFree(m, frames)],
        does: [takes(m, region, frames), ...does],
      });
      return [
        {
          ...begins,
          says: `vmalloc of region ${region.index}, small pages`,
          does: [sets(region.life, MAKING), sets(cpu.shift, SMALL)],
        },
        ...(huge
          ? [
              {
                ...begins,
                says: `vmalloc of region ${region.index}, VM_ALLOW_HUGE_VMAP`,
                does: [sets(region.life, MAKING), sets(cpu.shift, HUGE)],
              },
            ]
          : []),
        ...contiguous(m).map((frames) =>
          gets(frames, `gets the huge page of frames ${from(frames)}`, [isHuge]),
        ),
        ...single(m).map((frames) => gets(frames, `gets frames ${from(frames)}`, [has(cpu.shift, SMALL)])),
        ...(huge && fallsBack === "by a new area"
          ? [
              {
                at: pages,
                says: "gets no huge page: begins again with small ones",
                to: pages,
                when: [isHuge],
                does: sets(cpu.shift, SMALL),
              },
            ]
          : []),
        ...(huge && fallsBack === "to small pages in the area"
          ? single(m).map((frames) => gets(frames, `gets no huge page, but frames ${from(frames)}`, [isHuge]))
          : []),
        { at: pages, says: "gets no pages", to: phasesOf(region).refused, when: [has(cpu.shift, SMALL)] },
      ];
    });

/** ioremap of a device's two pages, which are contiguous. */
export const ioremaps: Steps = (m, cpu) =>
  m.regions.map((region) => ({
    at: IDLE,
    says: `ioremap of region ${region.index}`,
    to: phasesOf(region).map,
    when: [has(region.life, FREE)],
    does: [
      sets(region.life, MAKING),
      sets(region.isDevice, 1),
      sets(cpu.shift, HUGE),
      takes(m, region, [2 * m.scope.pairs, 2 * m.scope.pairs + 1]),
    ],
  }));
