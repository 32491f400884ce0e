/** Makes a choice of a call outside its domain into a step of a history, in the world it meets. */
import type { Command } from "../../spec/vmap/commands.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import { outsideOf } from "../../spec/vmap/laws/domain.ts";
import type { Window } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import type { World } from "../../spec/vmap/world.ts";
import { type Asked, sharedOut } from "./asked.ts";
import type { Choice } from "./choices.ts";

/** Which calls outside their domain are made: those that the release answers, or also those that it does not check. */
export type OutsideMade = "answered" | "any";

type OutsideChoice = Extract<Choice, { op: "outside" }>;

/** A step, and the command that it is here. */
interface Meant {
  readonly step: HistoryStep;
  readonly command: Command;
}

/**
 * The step meant; undefined where there is nothing it could be about, where the call is inside its domain, or where the
 * release does not answer it, if such are not made. Most that stop the kernel are left out: a history ends there.
 */
export function intendOutside(
  choice: OutsideChoice,
  world: World,
  asked: Asked,
  made: OutsideMade,
): HistoryStep | undefined {
  const meant = meantBy(choice, world, asked);
  if (meant === undefined) return undefined;
  const outside = outsideOf(world, meant.command);
  if (outside === undefined) return undefined;
  const answer = world.promises.outside[outside];
  if (answer === "unchecked" && made === "answered") return undefined;
  return answer === "stops" && choice.share > 0 ? undefined : meant.step;
}

function meantBy({ call, cpu, share, pages }: OutsideChoice, world: World, asked: Asked): Meant | undefined {
  const { scope, promises } = world;
  const unmaps = call.startsWith("unmap");
  if ((unmaps || call === "free a map") && promises.fragments === "no blocks") return undefined;
  switch (call) {
    case "alloc nothing": {
      const { vstart, vend } = scope.windows[0] as Window;
      const step = { op: "alloc", size: 0, align: PAGE_SIZE, vstart, vend, map: false } as const;
      return { step, command: step };
    }
    case "vmap nothing":
      return { step: { op: "vmap", count: 0 }, command: { op: "vmap", count: 0 } };
    case "free nowhere":
    case "unmap nowhere": {
      const page = scope.vmalloc.vend + pages;
      if (call === "free nowhere")
        return { step: { op: "free", page }, command: { op: "free", start: page } };
      const unmap = { op: "unmapRam", cpu, count: pages } as const;
      return { step: { ...unmap, page }, command: { ...unmap, start: page } };
    }
    case "free again":
    case "free inside":
    case "free a map": {
      const of = { "free again": asked.freed, "free inside": asked.areas, "free a map": asked.maps }[call];
      const held = sharedOut(of, share);
      if (held === undefined) return undefined;
      const { index: area, start } = held;
      const offset = call === "free inside" ? Math.min(pages, held.pages - 1) : 0;
      const step = offset === 0 ? { op: "free" as const, area } : { op: "free" as const, area, offset };
      return { step, command: { op: "free", start: start + offset } };
    }
    case "unmap again":
    case "unmap others":
    case "unmap an area": {
      const of = {
        "unmap again": asked.unmapped,
        "unmap others": asked.maps,
        "unmap an area": asked.areas,
      }[call];
      const held = sharedOut(of, share);
      if (held === undefined) return undefined;
      const unmap = { op: "unmapRam", cpu } as const;
      const { index: area, start } = held;
      // More than was mapped, or one less.
      const other = held.pages > 1 && pages % 2 === 1 ? held.pages - 1 : held.pages + pages;
      const count = call === "unmap others" ? other : held.pages;
      const step = count === held.pages ? { ...unmap, area } : { ...unmap, area, count };
      return { step, command: { ...unmap, start, count } };
    }
  }
}
