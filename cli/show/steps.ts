/**
 * The steps of a history as JSON: each command as in the file, the reply, the violated laws, and the picture as data.
 */
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import type { LawId } from "../../spec/contract.ts";
import type { ShownSteps } from "./replayed.ts";
import { type GotBy, noteGot, type Shown } from "./step-view.ts";

/** Areas, maps and translations in the pictures of a document; beyond that, only the last step has one. */
const MOST_DRAWN = 200_000;

/** Every step, counted from 1 as in text. `written`: the command as the file has it. */
export function stepsJson({ steps, last, got: before }: ShownSteps, written: (now: Shown) => unknown) {
  const got: GotBy = new Map(before);
  let drawn = 0;
  return Array.from(steps, (now) => {
    noteGot(got, now);
    const isDrawn = drawn < MOST_DRAWN || now.index === last;
    const picture = isDrawn ? pictureOf(now.after ?? now.before, got) : null;
    for (const list of Object.values(picture ?? {})) drawn += list.length;
    return {
      step: now.index + 1,
      command: written(now),
      response: now.response ?? null,
      laws: now.violated.map(({ id }): LawId => id),
      picture,
    };
  });
}

/** The data of a map of the address space. `step`: the one that got it, from 1, or null. */
function pictureOf(world: ImmutableWorld, got: GotBy) {
  const stepAt = (start: number) => {
    const by = got.get(start);
    return by === undefined ? null : by + 1;
  };
  const areas = world.areas.filter(({ block }) => block === undefined);
  const blocks = world.areas.filter(({ block }) => block !== undefined);
  return {
    areas: areas.map(({ start, end, life, mapped, frame }) => {
      const frames = mapped > 0 ? { mapped, frame } : {};
      return { step: stepAt(start), start, end, life, ...frames };
    }),
    blocks: blocks.map(({ start, end, life, block }) => ({ start, end, life, cpu: block?.cpu ?? 0 })),
    maps: blocks.flatMap(({ block }) =>
      [...(block?.maps ?? [])].map(({ start, count, frame, held }) => {
        return { step: stepAt(start), start, count, frame, held };
      }),
    ),
    dead: world.dead.map(({ start, end, frame, ptes }) => ({ start, end, frame, ptes })),
    tlbs: [...world.tlbs].flatMap(([cpu, tlb]) => [...tlb].map(([page, frame]) => ({ cpu, page, frame }))),
    pools: world.pooled.map(({ node, start, end, sure }) => ({ node, start, end, sure })),
  };
}
