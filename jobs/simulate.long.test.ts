/** The parts of `simulate`: what each must show. */
import { beforeAll, describe, expect, test } from "vitest";
import { readDefaultCosts } from "../adapters/costs-file.ts";
import { runLoop } from "../costs/vmap/loop.ts";
import { linux } from "../kernels/vmap/index.ts";
import { type SimulateReport, simulate } from "./simulate.ts";

let report: SimulateReport;
beforeAll(async () => {
  report = await simulate({ parts: ["sensitivity", "directory", "growth", "aliases", "gather"], cpus: 64 });
});

test("The table has the shape that scripts read", () => {
  expect(report.seedTable.map(({ threads }) => threads)).toEqual([1, 2, 4, 8]);
  expect(report.calibratedOn).toHaveLength(3);
  expect(report.ratio).toBeGreaterThan(22);
  expect(report.ratio).toBeLessThan(27);
});

describe("growth", () => {
  const of = (kernel: string, calls = "vmap") =>
    report.growth?.find((each) => each.kernel === kernel && each.calls === calls);

  test("of 2.6.27 is faster than linear, and its one lock is saturated", () => {
    expect(of("2.6.27")?.knee?.lock).toBe("vmlist_lock");
    expect(of("2.6.27")?.law?.exponent).toBeGreaterThan(1.4);
  });

  test("of vm_map_ram on 2.6.28 and later is flat up to 64 CPUs", () => {
    for (const kernel of ["2.6.28", "4.15.0", "7.2"]) {
      const points = of(kernel, "vm_map_ram")?.points ?? [];
      expect((points.at(-1)?.nanoseconds as number) / (points[0]?.nanoseconds as number)).toBeLessThan(1.2);
    }
  });

  test("of vmap is moved by the cache of 2.6.39 and by the nodes of 6.9", () => {
    const last = (kernel: string) => of(kernel)?.points.at(-1)?.nanoseconds as number;
    expect(last("2.6.28")).toBeGreaterThan(5 * last("2.6.39"));
    expect(last("6.1")).toBeGreaterThan(3 * last("6.12"));
  });
});

describe("where one cost is doubled", () => {
  const of = (cost: string) => report.sensitivity?.find((each) => each.cost === cost);

  test("a cell grows by no more than the double, and hardly ever shrinks", () => {
    for (const { oneThreadBefore, before, after } of report.sensitivity ?? [])
      for (const factor of [oneThreadBefore, before, after]) {
        expect(factor).toBeGreaterThan(0.99);
        expect(factor).toBeLessThan(2);
      }
  });

  test("one thread of 2.6.27 depends most on CPUs that wake up, eight on lines that move, 2.6.28 on bitmaps", () => {
    const most = (cell: "oneThreadBefore" | "before" | "after") =>
      report.sensitivity?.toSorted((a, b) => b[cell] - a[cell])[0]?.cost;
    expect([most("oneThreadBefore"), most("before"), most("after")]).toEqual([
      "wakeIdle",
      "lineOtherSocket",
      "bitmapStep",
    ]);
    expect(of("hostTrap")).toMatchObject({ oneThreadBefore: 1, before: 1, after: 1 });
  });
});

test("A stock of frames makes a pinned frame cheaper by the flushes that it saves, and the host's repair does not", () => {
  const of = (policy: string) =>
    report.aliases?.find((each) => each.policy === policy && each.kernel === "3.16" && each.others === "idle")
      ?.live as number;
  expect(of("stock-of-4")).toBeLessThan(of("always") / 3);
  expect(of("stock-of-16")).toBeLessThan(of("stock-of-4") / 3);
  expect(of("host-repairs")).toBeGreaterThan(of("always") / 2);
});

test("In the directory the lock comes first, then idleness, then flushes, as in the profile of db64fe02", () => {
  const first = report.directory?.before.shares.slice(0, 3).map(({ as }) => as);
  expect(first).toEqual(["_write_lock", "default_idle", "smp_call_function"]);
  expect(report.directory?.speedup).toBeGreaterThan(10);
  for (const { as, share, measured } of report.directory?.before.shares.slice(0, 3) ?? [])
    expect(Math.abs(Math.log2(share / (measured ?? Number.NaN))), as).toBeLessThan(0.5);
});

test("A larger purge threshold slows down vmap on 2.6.28, whose search walks what is lazy", async () => {
  const costs = await readDefaultCosts();
  const timeAt = (threshold: number) =>
    runLoop({
      kernel: linux("2.6.28"),
      costs,
      cpus: 2,
      threads: 2,
      pages: 4,
      calls: "vmap",
      seed: 1,
      threshold,
    }).nanoseconds;
  expect(timeAt(2)).toBeGreaterThan(1.5 * timeAt(1));
});

test("A gather saves the more, the more threads there are", () => {
  const of = (batch: RegExp, threads: number) =>
    report.gather?.find((each) => batch.test(each.batch) && each.threads === threads)
      ?.nanosecondsAPage as number;
  const saved = (threads: number) => of(/^no batch/, threads) / of(/^2\.6\.28/, threads);
  expect(saved(64)).toBeGreaterThan(saved(8));
  expect(saved(8)).toBeGreaterThan(saved(1));
});
