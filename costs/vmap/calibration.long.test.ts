/** The table of db64fe02, as the simulation has it. */
import { describe, expect, test } from "vitest";
import { readDefaultCosts } from "../../adapters/costs-file.ts";
import { withCosts } from "../costs.ts";
import { calibrate, FITTED, measured, runCell, SEED_TABLE } from "./calibration.ts";

const costs = await readDefaultCosts();

describe("the table of db64fe02", () => {
  const isFitted = (column: string, threads: number) =>
    FITTED.some((each) => each.column === column && each.threads === threads);
  const cells = SEED_TABLE.flatMap(({ threads }) => [
    { column: "before" as const, threads },
    { column: "after" as const, threads },
  ]);

  test("is calibrated on three of its eight figures, which come out within a hundredth", () => {
    expect(cells.filter(({ column, threads }) => isFitted(column, threads))).toHaveLength(3);
    expect(costs.calibratedOn).toHaveLength(3);
    for (const each of FITTED) {
      const simulated = runCell(each.column, each.threads, costs).nanoseconds;
      expect(Math.abs(simulated / measured(each) - 1)).toBeLessThan(0.01);
    }
  });

  test.each(cells.filter(({ column, threads }) => !isFitted(column, threads)))(
    "is predicted within 15 %: $column, $threads threads",
    (cell) => {
      const simulated = runCell(cell.column, cell.threads, costs).nanoseconds;
      expect(Math.abs(simulated / measured(cell) - 1)).toBeLessThan(0.15);
    },
  );

  test("would not come out without interrupts and moved lines", () => {
    const whole = measured({ column: "before", threads: 8 });
    const without = (free: Parameters<typeof withCosts>[1]) =>
      runCell("before", 8, withCosts(costs, free)).nanoseconds;
    const interrupts = { ipiSend: 0, ipiEntry: 0, wakeIdle: 0, flush: 0 };
    expect(without({ ...interrupts, lineOtherSocket: 0 })).toBeLessThan(whole / 3);
    // Of the two the lines weigh more.
    expect(without({ lineOtherSocket: 0 })).toBeLessThan(whole / 2);
    expect(without(interrupts)).toBeLessThan(whole);
  });
});

test("The fitted costs of the file are those that calibration finds", () => {
  expect(calibrate(costs).nanoseconds).toEqual(costs.nanoseconds);
});

test("The same seed gives the same run, and another one another order", () => {
  const run = (seed: number) => runCell("after", 8, costs, { seed });
  expect(run(1)).toEqual(run(1));
  expect(run(2).nanoseconds).not.toBe(run(1).nanoseconds);
});
