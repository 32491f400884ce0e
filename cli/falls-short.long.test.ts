/** The laws that a release does not promise and is known to fall short of, verb by verb. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readHistory } from "../adapters/vmap/history-file.ts";
import type { Bug } from "../counterexamples/vmap/bug.ts";
import { bugCalled } from "../counterexamples/vmap/index.ts";
import { replay } from "../engine/run/stepper.ts";
import { pinnedFile } from "../jobs/pin/pinned.ts";
import { linux } from "../kernels/vmap/index.ts";
import { benchFor } from "../properties/vmap/test-bench.ts";
import { isPromised, judgedAlsoBy } from "../spec/vmap/kernel.ts";
import { elsewhere, json, vmapcheck } from "./running.testing.ts";

const A13 = bugCalled("A13") as Bug;
const MISSES_LOWEST = pinnedFile(
  A13,
  A13.violations.find(({ law }) => law === "lowest-fit") as Bug["violations"][0],
);

describe("a kernel held to a law it does not promise", () => {
  const broken = async (kernel: ReturnType<typeof linux>) => {
    const { scope, commands } = await readHistory(MISSES_LOWEST);
    return replay(benchFor(kernel, scope), commands).flatMap((step) => step.violated.map(({ id }) => id));
  };

  test("is judged by it, and is not by default", async () => {
    expect(isPromised(linux("6.1"), "lowest-fit")).toBe(false);
    expect(await broken(linux("6.1"))).toEqual([]);
    expect(await broken(judgedAlsoBy(linux("6.1"), "lowest-fit"))).toEqual(["lowest-fit"]);
  });

  test("answers as before, and promises no more", () => {
    const held = judgedAlsoBy(linux("6.1"), "lowest-fit");
    expect(held.act).toBe(linux("6.1").act);
    expect(isPromised(held, "lowest-fit")).toBe(false);
    expect(judgedAlsoBy(linux("5.17"), "lowest-fit")).toBe(linux("5.17"));
  });
});

describe("check", () => {
  test("shows the cell in parentheses, lists the bug below, and ends with 0", async () => {
    const { code, out } = await vmapcheck("check", "5.17", "6.1", "--runs", "200", "--details");
    expect(code).toBe(0);
    expect(out).toMatch(/^Nothing unexpected: /);
    expect(out).toMatch(/lowest-fit +ok +\(A13\)/);
    expect(out).toMatch(/Falls short of [\s\S]*A13 +aug-align-overhead +lowest-fit +in 4 +6\.1\n/);
  });

  test("says which bug it is as JSON, and null where nothing is known", async () => {
    const { code, document } = await json("check", "2.6.27", "6.1", "--law", "lowest-fit", "--runs", "1");
    expect(code).toBe(0);
    expect(document.kernels[1].laws).toMatchObject([
      { id: "lowest-fit", verdict: "not-promised", bug: "aug-align-overhead", commands: 4 },
    ]);
    const none = await json("check", "2.6.27", "--law", "flush-only-once", "--runs", "1");
    expect(none.document.kernels[0].laws).toMatchObject([
      { verdict: "not-promised", bug: null, commands: null, replay: null },
    ]);
  });
});

describe("list", () => {
  test("has a law in parentheses if no release with the bug promises it, even if its changed kernel does", async () => {
    const { out } = await vmapcheck("list");
    expect(out).toMatch(/^ +vb-fragment-double-walk +C8 .* +\(usable-blocks-stay\)$/m);
    expect(out).toMatch(
      /^ +aug-align-overhead .*\n.* purge-only-when-full,\n.* \(lowest-fit\),\s+\(lowest-fit-at-a-page\),\s+\(blocks-pack\),\s+\(free-space-is-usable\)$/m,
    );
  });

  test("has no law in parentheses that releases promise, or that only a changed kernel violates", async () => {
    const { out } = await vmapcheck("list");
    expect(out).toMatch(/^ +cache-draft-guard-forgotten +A8 .* +guard-gap$/m);
    expect(out).toMatch(/^ +va-gap-offbyone +A1 .* +lowest-fit$/m);
  });
});

describe("replay", () => {
  test("shows where the release falls short, and that it does not promise it", async () => {
    const { code, out } = await vmapcheck("replay", "A13", "--law", "lowest-fit", "--kernel", "6.1");
    expect(code).toBe(0);
    expect(out).toContain("6.1 does not promise this, and falls short of it\nknown as aug-align-overhead");
  });

  test("of a history of such a law judges by that law, and accepts it on a release without the bug", async () => {
    const there = await json("replay", MISSES_LOWEST, "--kernel", "6.1");
    expect(there.document).toMatchObject({ accepted: false, law: "lowest-fit", promised: false, step: 4 });
    const here = await json("replay", MISSES_LOWEST, "--kernel", "5.17");
    expect(here.document).toMatchObject({ accepted: true, law: null, promised: null });
    expect([there.code, here.code]).toEqual([0, 0]);
  });
});

describe("replay of a history that violates nothing promised", () => {
  /** Two CPUs map through blocks of eight pages, in a window of two such blocks (XFS on 32 bits, 2011). */
  const path = join(elsewhere, "two-blocks.json");
  const blocks = { vstart: 64, vend: 80, blockPages: 8, bitsPerLong: 4 };
  writeFileSync(
    path,
    JSON.stringify({
      vmapcheck: 1,
      kernel: "2.6.39",
      law: "refused-only-when-full",
      scope: { wordPages: 256, cpus: 2, lazyMaxPages: 16, blocks },
      commands: [0, 1].map((cpu) => ({ op: "mapRam", cpu, count: 4 })),
    }),
  );

  test("reports where the release falls short of laws that it does not promise", async () => {
    const { code, out } = await vmapcheck("replay", path);
    expect(code).toBe(0);
    expect(out.split(/\n\n/)[0]?.replace(/\s+/g, " ")).toBe(
      "accepted: 2.6.39 keeps every law it promises in this history, but falls short of blocks-pack and free-space-is-usable",
    );
    expect(out).toContain("2.6.39 falls short of blocks-pack, which it does not promise, at step 2");
    expect(out).toContain("by guard-between-areas (A17)");
  });

  test("says so as JSON, and nothing of the kind on a release without the bug", async () => {
    const { document } = await json("replay", path);
    expect(document).toMatchObject({ accepted: true, law: null });
    expect(document.shortfalls).toEqual([
      { law: "blocks-pack", step: 2, bug: "guard-between-areas" },
      { law: "free-space-is-usable", step: 2, bug: "guard-between-areas" },
    ]);
    const { document: later } = await json("replay", path, "--kernel", "3.1");
    expect(later).toMatchObject({ accepted: true, shortfalls: [] });
  });

  test("reports a shortfall beside a violation as well", async () => {
    const { document } = await json("replay", path, "--kernel", "2.6.28");
    expect(document).toMatchObject({ accepted: false, law: "nothing-leaks", bug: "va-leak-on-enospc" });
    expect(document.shortfalls).toContainEqual({ law: "blocks-pack", step: 2, bug: "guard-between-areas" });
  });
});

describe("pin", () => {
  test("shrinks a history of such a law and names it", async () => {
    const file = await readHistory(MISSES_LOWEST);
    const idle = { op: "alloc", size: 1, align: 4096, vstart: 30, vend: 40, map: false };
    const path = join(elsewhere, "longer.json");
    const { wordPages, cpus, lazyMaxPages } = file.scope;
    const longer = { vmapcheck: 1, kernel: "6.1", law: file.law, scope: { wordPages, cpus, lazyMaxPages } };
    // It frees nothing, so that a command before it shifts no index.
    writeFileSync(path, JSON.stringify({ ...longer, commands: [idle, ...file.commands] }));
    const { code, document } = await json("pin", path);
    expect(code).toBe(0);
    expect(document).toMatchObject({ law: "lowest-fit", bug: "aug-align-overhead", commands: 4 });
  });
});

describe("hunt", () => {
  test("judges by the law that the bug violates", async () => {
    const { code, document } = await json("hunt", "A13", "--law", "lowest-fit", "--seed", "3");
    expect(code).toBe(0);
    expect(document.bugs).toMatchObject([{ id: "aug-align-overhead", found: true, law: "lowest-fit" }]);
  });
});

describe("explore", () => {
  test("of a bug explores the first release that has it, judged by the law asked for", async () => {
    const { code, document } = await json("explore", "A13", "--law", "lowest-fit", "--workers", "2");
    expect(code).toBe(0);
    expect(document).toMatchObject({ machine: "5.2", ended: "break", law: "lowest-fit" });
    const reported = document.laws.find(({ id }: { id: string }) => id === "lowest-fit");
    expect(reported).toMatchObject({
      verdict: "broken",
      bug: "aug-align-overhead",
      promised: false,
      commands: 4,
    });
  });

  test("has callers that map if only maps can violate the requested law", async () => {
    const { code, document } = await json(
      ...["explore", "2.6.28", "--law", "unmapped-means-no-pte", "--scope", "aligns=1,windows=1"],
    );
    expect(code).toBe(0);
    expect(document.scope).toContain("block=4");
  });

  test("prints that the kernel falls short, and does not call the law violated", async () => {
    const { out } = await vmapcheck("explore", "6.1", "--law", "lowest-fit");
    expect(out).toContain("6.1 falls short of lowest-fit, which it does not promise, in ");
    expect(out).not.toContain("lowest-fit is violated");
  });

  test("is saved and resumed with the requested law", async () => {
    const path = join(elsewhere, "held.checkpoint");
    const words = ["explore", "6.1", "--law", "lowest-fit", "--scope", "pages=5"];
    const first = await json(...words, "--states", "300", "--checkpoint", path);
    expect(first.document.ended).toBe("states");
    const { code, document } = await json("explore", "--resume", path);
    expect(code).toBe(0);
    expect(document.laws).toContainEqual(expect.objectContaining({ id: "lowest-fit", verdict: "kept" }));
  });
});
