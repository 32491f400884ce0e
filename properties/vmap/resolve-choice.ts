/** Makes a choice into a step of a history, in the current world. */
import { type HistoryStep, recordOf } from "../../spec/vmap/commands.ts";
import type { Ledger } from "../../spec/vmap/ledger.ts";
import type { World } from "../../spec/vmap/world.ts";
import type { Choice } from "./choices.ts";
import { resolveOutside } from "./resolve-outside.ts";

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
