/**
 * The steps of a history as JSON: each command as in the file, the reply, the violated laws, and the picture as data.
 */
import type { LawId } from "../../spec/contract.ts";
import type { Drawing, GotBy, Shown } from "./drawing.ts";
import type { ShownSteps } from "./replayed.ts";

/** Areas, maps and translations in the pictures of a document; beyond that, only the last step has one. */
const MOST_DRAWN = 200_000;

/** Every step, counted from 1 as in text. `written`: the command as the file has it. */
export function stepsJson(
  drawing: Drawing,
  { steps, last, got: before }: ShownSteps,
  written: (now: Shown) => unknown,
) {
  const got: GotBy = new Map(before);
  let drawn = 0;
  return Array.from(steps, (now) => {
    drawing.noteGot(got, now);
    const isDrawn = drawn < MOST_DRAWN || now.index === last;
    const picture = isDrawn ? drawing.picture(now.after ?? now.before, got) : null;
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
