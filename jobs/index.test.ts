/** The public API: each export with its type, a custom allocator, and work that is ended early. */
import { readFileSync } from "node:fs";
import { describe, expect, expectTypeOf, test } from "vitest";
import * as engine from "../engine/index.ts";
import type { VmapLaw } from "../spec/vmap/laws/law.ts";
import * as api from "./index.ts";

test("each export has the type that docs/api.md says", () => {
  expectTypeOf(api.kernels).toExtend<readonly api.Kernel[]>();
  expectTypeOf(api.laws).toExtend<readonly VmapLaw[]>();
  expectTypeOf(api.bugs).toExtend<readonly api.Bug[]>();
  expectTypeOf(api.check).parameter(0).toEqualTypeOf<api.CheckOptions | undefined>();
  expectTypeOf(api.check).returns.resolves.toEqualTypeOf<api.CheckReport>();
  expectTypeOf(api.explore).parameter(0).toEqualTypeOf<string | api.Kernel | undefined>();
  expectTypeOf(api.explore).returns.resolves.toEqualTypeOf<api.Exploration>();
  expectTypeOf(api.hunt).returns.resolves.toEqualTypeOf<api.HuntReport>();
  expectTypeOf(api.diff).parameter(1).toEqualTypeOf<string | api.Kernel>();
  expectTypeOf(api.diff).returns.resolves.toEqualTypeOf<api.DiffReport>();
  expectTypeOf(api.replay).returns.resolves.toEqualTypeOf<api.Replay>();
  expectTypeOf(api.pin).returns.resolves.toEqualTypeOf<api.PinReport | api.NothingToPin>();
  expectTypeOf(api.conform).returns.resolves.toEqualTypeOf<api.ConformReport>();
  expectTypeOf(api.judge).returns.resolves.toEqualTypeOf<api.JudgeReport>();
  expectTypeOf(api.simulate).returns.resolves.toEqualTypeOf<api.SimulateReport>();
  expectTypeOf(api.drive).returns.resolves.toEqualTypeOf<api.DriveReport>();
  expectTypeOf(api.readRecording).returns.toEqualTypeOf<AsyncGenerator<api.Trace>>();
  expectTypeOf(api.list).returns.resolves.toHaveProperty("kernels");
  expectTypeOf(api.kernelNamed).returns.toExtend<api.Kernel>();
  expectTypeOf(api.defineKernel<{ areas: number[] }>).returns.toExtend<api.Kernel>();
  expectTypeOf<api.UsageError>().toExtend<Error>();
  expectTypeOf<api.InputError>().toExtend<Error>();
  expectTypeOf(engine.explore).returns.toEqualTypeOf<engine.Explored>();
  expectTypeOf(engine.visitActions).returns.toEqualTypeOf<engine.Visitable>();
  const named = Object.keys(api).filter((name) => /^[a-z]/.test(name));
  const page = readFileSync(new URL("../docs/api.md", import.meta.url), "utf8");
  expect(named.filter((name) => !page.includes(name))).toEqual([]);
});

interface State {
  readonly areas: [start: number, end: number][];
}

/** First fit; `upTo` brings a page to the alignment asked for. */
function firstFit(name: string, upTo: (page: number, pages: number) => number) {
  return api.defineKernel<State>({
    name,
    promises: { frees: "eager", placement: "lowest-fit" },
    initial: () => ({ areas: [] }),
    alloc({ areas }, { size, align, vstart, vend }) {
      const pages = Math.max(1, align / 4096);
      let start = upTo(vstart, pages);
      for (const [from, to] of areas) {
        if (start + size <= from) break;
        if (to > start) start = upTo(to, pages);
      }
      if (start + size > vend) return undefined;
      areas.push([start, start + size]);
      areas.sort(([a], [b]) => a - b);
      return start;
    },
    free({ areas }, start, hardware) {
      const at = areas.findIndex(([from]) => from === start);
      const [[from, to]] = areas.splice(at, 1) as [[number, number]];
      hardware.unmap(from, to);
      hardware.flush(from, to);
    },
  });
}

const right = firstFit("right", (page, pages) => Math.ceil(page / pages) * pages);
const wrong = firstFit("wrong", (page) => page);

describe("a custom allocator", () => {
  test("keeps what it promises if it is right", async () => {
    const { reports, surprises } = await api.check({ kernels: [right], runs: 200 });
    expect(surprises).toEqual([]);
    const kept = reports[0]?.cells.filter(({ verdict }) => verdict === "kept").map(({ law }) => law);
    expect(kept).toEqual(
      expect.arrayContaining(["aligned", "no-overlap", "lowest-fit", "no-stale-translation"]),
    );
  });

  test("is reported with the one law that it violates, a shortest history, and no bug of the catalogue", async () => {
    const { surprises } = await api.check({ kernels: [wrong], runs: 200 });
    expect(surprises.map(({ law, kind }) => ({ law, kind }))).toEqual([{ law: "aligned", kind: "unknown" }]);
    expect(surprises[0]?.history).toHaveLength(1);
    const { reports } = await api.explore(wrong, { scope: "pages=4,aligns=2,windows=2" });
    expect(reports.map(({ law, bug }) => ({ law, bug }))).toEqual([{ law: "aligned", bug: undefined }]);
  });

  test("that throws a BUG has stopped", async () => {
    const throwing = firstFit("throwing", () => {
      throw new Error("no such page");
    });
    const { surprises } = await api.check({ kernels: [throwing], runs: 100 });
    expect(surprises.map(({ law }) => law)).toContain("no-bug");
  });

  test("is compared with a release, and places every page-aligned request at the same address", async () => {
    const same = await api.diff(right, "2.6.27", { scope: "pages=4,aligns=1,windows=1", kind: "refusal" });
    // 2.6.27 has a guard page inside each area.
    expect(same.compared.difference?.history.length).toBe(1);
    const alike = await api.diff(right, right, { scope: "pages=4,aligns=1,windows=1" });
    expect(alike.compared.difference).toBeUndefined();
  });
});

test("work that is aborted returns its results so far", async () => {
  const stopped = new AbortController();
  const said: string[] = [];
  const say = (text: string) => {
    said.push(text);
    stopped.abort();
  };
  const { interrupted, result } = await api.explore("blocks-6.12", { signal: stopped.signal, say });
  expect({ interrupted, ended: result.ended }).toEqual({ interrupted: true, ended: "request" });
  expect(result.states).toBeGreaterThan(0);
  expect(said[0]).toMatch(/^\d+ states/);
  const { complete, reports } = await api.check({ runs: 0, signal: stopped.signal });
  expect({ complete, reports }).toEqual({ complete: false, reports: [] });
});
