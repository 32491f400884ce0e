/** Shrinking, on histories that have nothing to do with vmap: counters are made, and numbers added to them. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { type Shrinking, shrink } from "./shrink.ts";

type Step =
  | { readonly do: "make" }
  /** Adds to the counter that step number `to` made. */
  | { readonly do: "add"; readonly to: number; readonly by: number };

type History = readonly Step[];
type Fails = (history: History) => boolean;

const make: Step = { do: "make" };
const add = (to: number, by: number): Step => ({ do: "add", to, by });

/** What the counters show at the end; an addition to what is no counter does nothing. */
function counters(history: History): number[] {
  const shown = new Map<number, number>();
  for (const [index, step] of history.entries()) {
    if (step.do === "make") shown.set(index, 0);
    else if (shown.has(step.to)) shown.set(step.to, (shown.get(step.to) as number) + step.by);
  }
  return [...shown.values()];
}

/** Drops steps, the additions to a counter that goes with it, and renumbers the others. */
function without(history: History, dropped: ReadonlySet<number>): Step[] {
  const place = new Map<number, number>();
  const kept: Step[] = [];
  for (const [index, step] of history.entries()) {
    if (dropped.has(index)) continue;
    const to = step.do === "add" ? place.get(step.to) : undefined;
    if (step.do === "add" && to === undefined) continue;
    place.set(index, kept.length);
    kept.push(step.do === "add" ? { ...step, to: to as number } : step);
  }
  return kept;
}

function* simpler(step: Step): Iterable<Step> {
  if (step.do === "add") for (let by = 1; by < step.by; by++) yield { ...step, by };
}

const how = (fails: Fails): Shrinking<Step> => ({ fails, without, simpler });

/** Ways to fail: some stay when steps are added, the others come and go. */
const FAILURES: Readonly<Record<string, Fails>> = {
  "a counter above 6": (history) => counters(history).some((shown) => shown > 6),
  "two counters that show the same": (history) => {
    const shown = counters(history).filter((each) => each > 0);
    return new Set(shown).size < shown.length;
  },
  "an odd sum above 2": (history) => {
    const sum = counters(history).reduce((all, each) => all + each, 0);
    return sum > 2 && sum % 2 === 1;
  },
  "three counters made, the middle one in use": (history) => {
    const shown = counters(history);
    return shown.length === 3 && (shown[1] as number) > 0;
  },
};

/** How a result differs from what shrinking promises, as sentences. */
function flaws(result: History, fails: Fails): string[] {
  const found: string[] = [];
  if (!fails(result)) found.push("it does not fail");
  for (const [index, step] of result.entries()) {
    if (fails(without(result, new Set([index])))) found.push(`step ${index} can go`);
    for (const other of simpler(step)) {
      if (fails(result.with(index, other))) found.push(`step ${index} can be ${JSON.stringify(other)}`);
    }
  }
  return found;
}

/** Additions name a counter made before them, as far as there is one. */
const anyHistory: fc.Arbitrary<History> = fc
  .array(
    fc.oneof(
      fc.constant(undefined),
      fc.record({ counter: fc.nat(9), by: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ counter: fc.nat(9), by: fc.integer({ min: 1, max: 5 }) }),
    ),
    { minLength: 4, maxLength: 30, size: "max" },
  )
  .map((draws) => {
    const made: number[] = [];
    return draws.map((draw, index) => {
      const to = draw && made[draw.counter % Math.max(1, made.length)];
      if (to === undefined) made.push(index);
      return to === undefined ? make : add(to, draw?.by as number);
    });
  });

describe.each(Object.entries(FAILURES))("a history that ends in %s", (_name, fails) => {
  const failing = anyHistory.filter(fails);

  test.prop([failing])("shrinks until no step can go and none can be simpler", (history) => {
    const result = shrink(history, how(fails));
    expect(flaws(result, fails)).toEqual([]);
    expect(result.length).toBeLessThanOrEqual(history.length);
  });

  test.prop([failing])("is not changed itself, and its result shrinks no further", (history) => {
    const before = JSON.stringify(history);
    const result = shrink(history, how(fails));
    expect(JSON.stringify(history)).toBe(before);
    expect(shrink(result, how(fails))).toBe(result);
  });
});

describe("shrinking", () => {
  const aboveSix = FAILURES["a counter above 6"] as Fails;

  test.prop([anyHistory.filter(aboveSix)])("finds the edge: one counter, at 7 exactly", (history) => {
    expect(counters(shrink(history, how(aboveSix)))).toEqual([7]);
  });

  test("drops what depends on a step together with it, and renumbers what stays", () => {
    const history = [make, add(0, 2), make, add(0, 1), add(2, 5), make, add(2, 4), add(5, 3)];
    expect(shrink(history, how(aboveSix))).toEqual([make, add(0, 3), add(0, 4)]);
  });

  test("only ever tries histories in which every addition names a counter", () => {
    const history = [make, make, add(1, 5), add(0, 5), make, add(1, 5), add(4, 5)];
    const tried: History[] = [];
    const watched: Fails = (candidate) => {
      tried.push(candidate);
      return aboveSix(candidate);
    };
    shrink(history, how(watched));
    expect(tried.length).toBeGreaterThan(0);
    for (const each of tried) {
      expect(each.every((step) => step.do === "make" || each[step.to]?.do === "make")).toBe(true);
    }
  });

  test("takes the simplest form that still fails, which is tried first", () => {
    const isLarge: Fails = (history) => history.some((step) => step.do === "add" && step.by >= 3);
    expect(shrink([make, add(0, 5)], how(isLarge))).toEqual([make, add(0, 3)]);
  });

  test("comes back to fewer steps when a simpler step makes another needless", () => {
    const threeOrOne: Fails = (history) => {
      const additions = history.flatMap((step) => (step.do === "add" ? [step.by] : []));
      return additions.length === 3 || additions.includes(1);
    };
    expect(shrink([make, add(0, 2), add(0, 2), add(0, 2)], how(threeOrOne))).toEqual([make, add(0, 1)]);
  });

  test("gives back a history that is as small as can be", () => {
    const smallest = [make, add(0, 2), add(0, 5)];
    expect(shrink(smallest, how(aboveSix))).toBe(smallest);
  });
});

describe("the check of a shrunk history", () => {
  const aboveSix = FAILURES["a counter above 6"] as Fails;

  /** Wrong shrinkers: one cuts only from the end, one never makes a step simpler. */
  const fromTheEnd = (history: History): History => {
    const cut = history.slice(0, -1);
    return cut.length > 0 && aboveSix(cut) ? fromTheEnd(cut) : history;
  };
  const fewerOnly = (history: History) => shrink(history, { ...how(aboveSix), simpler: () => [] });

  test("rejects a step that could go, one that could be simpler, and a history that does not fail", () => {
    const history = [make, make, add(0, 5), add(1, 5), add(0, 5)];
    expect(flaws(fromTheEnd(history), aboveSix)).toContain("step 1 can go");
    expect(flaws(fewerOnly(history), aboveSix)).toContain('step 1 can be {"do":"add","to":0,"by":2}');
    expect(flaws([make], aboveSix)).toEqual(["it does not fail"]);
  });
});
