/** Makes a choice into a step of a history, in the current world. */
import { sharedOut } from "../../spec/vmap/commands/command.ts";
import { recordOf } from "../../spec/vmap/commands.ts";
import { type HistoryStep, naming } from "../../spec/vmap/history.ts";
import { outsideOf } from "../../spec/vmap/laws/domain.ts";
import type { Ledger } from "../../spec/vmap/ledger.ts";
import type { Window } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import type { World } from "../../spec/vmap/world.ts";
import type { Choice } from "./choices.ts";

/** The step, or undefined if the choice has no meaning here (there is nothing to free, say). */
export function resolveChoice(
  choice: Choice,
  world: World,
  ledger: Ledger,
  history: readonly HistoryStep[],
  unchecked = false,
): HistoryStep | undefined {
  if (choice.op === "outside" || choice.op === "again") {
    if (!world.initialised) return undefined;
    if (choice.op === "outside") return resolveOutside(choice, world, ledger, unchecked);
    return history.findLast(({ op }) => op === "alloc");
  }
  const record = recordOf(choice);
  return world.initialised || record.beforeInit ? record.means(choice, world, ledger) : undefined;
}

// Makes a choice of a call outside its domain into a step of a history, in the current world.

type OutsideChoice = Extract<Choice, { op: "outside" }>;

/**
 * The step; undefined if nothing exists that it could name, if the call is inside its domain, or if the release does
 * not check it and `unchecked` is false. Most calls that stop the kernel are left out: a history ends there.
 */
function resolveOutside(
  choice: OutsideChoice,
  world: World,
  ledger: Ledger,
  unchecked: boolean,
): HistoryStep | undefined {
  const meant = meantBy(choice, world, ledger);
  const command = meant && naming.resolve(ledger, meant);
  if (command === undefined) return undefined;
  const outside = outsideOf(world, command);
  if (outside === undefined) return undefined;
  const answer = world.promises.outside[outside];
  if (answer === "unchecked" && !unchecked) return undefined;
  return answer === "stops" && choice.share > 0 ? undefined : meant;
}

function meantBy(
  { call, cpu, share, pages }: OutsideChoice,
  { scope, promises }: World,
  ledger: Ledger,
): HistoryStep | undefined {
  const unmaps = call.startsWith("unmap");
  if ((unmaps || call === "free a map") && promises.fragments === "no blocks") return undefined;
  switch (call) {
    case "alloc nothing": {
      const { vstart, vend } = scope.windows[0] as Window;
      return { op: "alloc", size: 0, align: PAGE_SIZE, vstart, vend, map: false };
    }
    case "vmap nothing":
      return { op: "vmap", count: 0 };
    case "free nowhere":
      return { op: "free", page: scope.vmalloc.vend + pages };
    case "unmap nowhere":
      return { op: "unmapRam", cpu, count: pages, page: scope.vmalloc.vend + pages };
    default: {
      const got = sharedOut(ABOUT[call](ledger), share);
      if (got === undefined) return undefined;
      const { index: area, pages: asked } = got;
      if (!unmaps) {
        const offset = call === "free inside" ? Math.min(pages, asked - 1) : 0;
        return offset === 0 ? { op: "free", area } : { op: "free", area, offset };
      }
      if (call !== "unmap others") return { op: "unmapRam", cpu, area };
      // More than was mapped, or one less.
      const count = asked > 1 && pages % 2 === 1 ? asked - 1 : asked + pages;
      return { op: "unmapRam", cpu, area, count };
    }
  }
}

/** What a call may name. */
const ABOUT = {
  "free again": (ledger: Ledger) => ledger.past("area"),
  "free inside": (ledger: Ledger) => ledger.held("area"),
  "free a map": (ledger: Ledger) => ledger.held("map"),
  "unmap again": (ledger: Ledger) => ledger.past("map"),
  "unmap others": (ledger: Ledger) => ledger.held("map"),
  "unmap an area": (ledger: Ledger) => ledger.held("area"),
};
