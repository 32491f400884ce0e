import { describe, expect, test } from "vitest";
import { BUGS } from "../counterexamples/vmap/index.ts";
import type { Film } from "../jobs/page/documents.ts";
import { filmOfHistory } from "../jobs/page/film.ts";
import { type ReplayedHistory, replay } from "../jobs/replay.ts";
import { ThingsBefore } from "../jobs/vmap/things.ts";
import type { Vmap } from "../properties/vmap/terms.ts";
import { axisOf, columnOf, columnsOf, fitted, following, whole, zoomed } from "./map/axis.ts";
import { Player } from "./player.ts";

async function filmed(bug: string): Promise<{ film: Film; found: ReplayedHistory<Vmap> }> {
  const found = await replay(bug);
  if (found.kind !== "history") throw new Error(`${bug} has no history`);
  return { film: filmOfHistory(found, bug), found: found as ReplayedHistory<Vmap> };
}

/** A few of each kind; jobs/page/films.long.test.ts draws all. */
const PINNED = BUGS.map(({ id }) => id).filter((_id, nth) => nth % 5 === 0);

describe("a film", () => {
  test.each(PINNED)("of %s has at each position the things of the world there", async (bug) => {
    const { film, found } = await filmed(bug);
    const player = new Player(film);
    const got = new Map<number, number>();
    for (const { index, before, after, response } of found.play(true)) {
      if (index > found.last) break;
      if (response?.kind === "placed") got.set(response.start, index);
      const things = new ThingsBefore();
      things.changesTo(after ?? before, got, undefined);
      const withoutStep = (all: Iterable<object>) =>
        [...all]
          .filter((thing) => !("kind" in thing && thing.kind === "cache"))
          .map((thing) => JSON.stringify({ ...thing, step: 0 }))
          .sort();
      expect(withoutStep(player.at(index + 1).values())).toEqual(withoutStep(things.now));
    }
  });

  test("shows what a step changed, and what is gone after it", async () => {
    const { film } = await filmed("vb-full-block-stale");
    const player = new Player(film);
    expect([...player.changedAt(2).now]).toEqual(["tlb 0 64"]);
    const gone = film.steps.flatMap((_step, nth) => [...player.changedAt(nth + 1).gone.keys()]);
    for (const [nth] of film.steps.entries())
      for (const key of player.changedAt(nth + 1).gone.keys()) {
        expect(player.at(nth).has(key)).toBe(true);
        expect(player.at(nth + 1).has(key)).toBe(false);
      }
    expect(gone.length).toBeLessThan(film.steps.length * 5);
  });

  test("is the same at a position from before and from behind", () => {
    const steps = Array.from({ length: 600 }, (_none, nth) => ({
      changes: [
        [
          `area ${nth % 300}`,
          nth % 7 === 0 ? null : ({ kind: "pool", start: nth, end: nth + 1, node: 0, sure: true } as const),
        ] as const,
      ],
    }));
    const [onward, backward] = [new Player({ steps }), new Player({ steps })];
    const forth = steps.map((_step, at) => JSON.stringify([...onward.at(at)]));
    const back = steps.map((_step, at) => JSON.stringify([...backward.at(steps.length - 1 - at)])).reverse();
    expect(back).toEqual(forth);
  });
});

describe("the columns of a picture", () => {
  const axis = axisOf([0, 1, 2, 10, 11, 2 ** 52]);

  test("have each page in one of them", () => {
    expect([0, 1, 2, 9, 10, 11, 5000].map((page) => columnOf(axis, page))).toEqual([0, 1, 2, 2, 3, 4, 4]);
    expect(columnsOf(axis, { start: 1, end: 10 })).toEqual([1, 3]);
    expect(columnsOf(axis, { start: 10, end: 10 })).toEqual([3, 4]);
  });

  test("stay in view when the view moves or zooms", () => {
    const long = axisOf(Array.from({ length: 1001 }, (_none, cut) => cut));
    expect(fitted(long, { from: 990, span: 50 })).toEqual({ from: 950, span: 50 });
    expect(zoomed(long, whole(long), 100)).toEqual({ from: 0, span: 1000 });
    expect(following(long, { from: 0, span: 50 }, [{ start: 500, end: 501 }]).from).toBe(475.5);
    expect(following(long, { from: 480, span: 50 }, [{ start: 500, end: 501 }]).from).toBe(480);
  });
});
