/** The command line at the step grain. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { elsewhere, json, ROOT, vmapcheck } from "./running.testing.ts";
import { replayVerb } from "./verbs/replay.ts";

const PINNED = join(ROOT, "counterexamples/vmap/vb-final-free-window/interleaving.json");

let files = 0;

/** The pinned run of C13 with something changed, as a file. */
function changed(change: (file: { [name: string]: unknown; steps: string[] }) => void): string {
  const file = JSON.parse(readFileSync(PINNED, "utf8"));
  change(file);
  const path = join(elsewhere, `changed-${++files}.json`);
  writeFileSync(path, JSON.stringify(file));
  return path;
}

describe("replay of an interleaving", () => {
  test("draws a lane for each CPU, with the TLBs beside it, and names law and bug", async () => {
    const { code, out, err } = await vmapcheck("replay", "C13");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^ +CPU 0 +CPU 1 +map +TLB 0 +TLB 1$/m);
    expect(out).toMatch(/^17 +purge: has nothing to flush: +.*[!]/m);
    expect(out).toContain("no-alias-after-unmap-aliases");
    expect(out).toContain("known as vb-final-free-window");
  });

  test("marks the loop of a run that never ends", async () => {
    const { code, out } = await vmapcheck(
      "replay",
      "iounmap-overwrites-lazy-nr",
      "--law",
      "nothing-lazy-nothing-purged-0",
    );
    expect(code).toBe(0);
    expect(out).toMatch(/again and again:\n16 /);
  });

  test("on another order prints how far the run goes, and that this is no verdict", async () => {
    const { code, document } = await json("replay", PINNED, "--kernel", "blocks-6.12-repaired");
    expect(code).toBe(1);
    expect(document).toMatchObject({ kernel: "blocks-6.12-repaired", accepted: null, law: null, step: 14 });
  });

  test("on a version takes the run on the protocol that describes it", async () => {
    const there = await json("replay", "C13", "--kernel", "6.6");
    expect(there.code).toBe(0);
    expect(there.document).toMatchObject({ kernel: "blocks-6.5", version: "6.6", accepted: false, step: 17 });
    expect(there.document.bug).toBe("vb-final-free-window");
    const label = await json("replay", "C10", "--kernel", "6.5");
    expect(label.document).toMatchObject({ kernel: "locks-6.5", version: "6.5", accepted: false, step: 28 });
  });

  test("that such a protocol cannot take is searched for among all its runs", async () => {
    const other = await json("replay", "C13", "--kernel", "5.15");
    expect(other.code).toBe(0);
    expect(other.document).toMatchObject({
      kernel: "blocks-5.13",
      accepted: false,
      step: 15,
      bug: "vb-full-block-stale",
    });
    const { code, out } = await vmapcheck("replay", "C10", "--kernel", "6.9.8");
    expect(code).toBe(0);
    expect(out).toContain("The run pinned on locks-6.5 cannot be taken: locks-6.10 cannot take step 5");
    expect(out).toContain("accepted: 6.9.8 keeps nothing-leaks in all 19415 states of this scope");
  });

  test.each([
    [
      "C10",
      "5.15",
      "no order of locks is that of 5.15: the nearest, locks-6.5, has 062eacf57ad9 (6.4), fc1e0d980037 (6.5) beside",
    ],
    ["pin-bit-lost", "6.6", "6.6: pins-bit-per-frame follows no release: it is a policy of those who map"],
  ])("%s on %s, which no protocol describes, is refused in one line", async (bug, version, line) => {
    const { code, out, err } = await vmapcheck("replay", bug, "--kernel", version);
    expect({ code, out, err }).toEqual({ code: 2, out: "", err: `vmapcheck: ${line}\n` });
  });

  test("that no longer violates its law ends with 1", async () => {
    const { code, document } = await json(
      "replay",
      changed(({ steps }) => steps.splice(7, 1)),
    );
    expect({ code, accepted: document.accepted }).toEqual({ code: 1, accepted: true });
  });

  test.each([
    [
      "a step that there is not",
      ({ steps }) => steps.splice(3, 1, "CPU 0, sleeps"),
      /step 4: blocks-6\.12 has no "CPU 0, sleeps"/,
    ],
    [
      "an unknown protocol",
      (file) => (file.protocol = "blocks-6.13"),
      /no protocol "blocks-6\.13"; did you mean/,
    ],
    [
      "a scope without pages",
      (file) => (file.scope = { cpus: 2, blocks: 1 }),
      /scope: pages .* is from 1 to \d, not given/,
    ],
    [
      "a scope that is too large",
      (file) => (file.scope = { cpus: 99, blocks: 1, pages: 2 }),
      /scope: cpus .* not 99/,
    ],
    ["a law that there is not", (file) => (file.law = "no-law"), /law: "no-law" is none of blocks-6\.12's, /],
    ["a law with a line end", (file) => (file.law = "no\n\u001b[2J"), /law: expected the id of a law, not /m],
    ["another version", (file) => (file.vmapcheck = 2), /vmapcheck: /],
    ["steps that are no names", (file) => (file.steps = [7 as never]), /steps\[0\]: /],
  ] as [string, Parameters<typeof changed>[0], RegExp][])(
    "refuses %s, and prints the place",
    async (_what, change, line) => {
      const refused = replayVerb(changed(change), { json: false });
      await expect(refused).rejects.toThrow(line);
      await expect(refused).rejects.not.toThrow("\n");
    },
  );

  test("reports another law that its last step violates", async () => {
    const path = join(ROOT, "counterexamples/vmap/lazy-nr-racy-bugon/interleaving.json");
    const file = { ...JSON.parse(readFileSync(path, "utf8")), law: "lazy-count" };
    const other = join(elsewhere, "other-law.json");
    writeFileSync(other, JSON.stringify(file));
    const { code, document } = await json("replay", other);
    expect(code).toBe(1);
    expect(document).toMatchObject({ accepted: false, law: "no-bug", bug: "lazy-nr-racy-bugon" });
  });

  test("requires a grain that the bug has", async () => {
    expect((await vmapcheck("replay", "C13", "--grain", "call")).err).toMatch(
      /pinned at the step grain alone/,
    );
    expect((await vmapcheck("replay", "C7", "--grain", "step")).out).toContain("protocol blocks-5.13");
    expect((await vmapcheck("replay", "C7")).out).toContain("step 5 of 5:  unmapAliases");
  });
});

describe("explore of a protocol of steps", () => {
  test("finds C13 in the order of 6.12 without a hint, and names it", async () => {
    const { code, document } = await json("explore", "blocks-6.12");
    expect(code).toBe(0);
    expect(document).toMatchObject({ verdict: "broken", law: "no-alias-after-unmap-aliases" });
    expect(document.history).toHaveLength(17);
    expect(document.laws[0].bug).toBe("vb-final-free-window");
  });

  test("takes steps that commute in fewer orders by default, with the same verdict", async () => {
    const fewer = await json("explore", "blocks-6.12-repaired");
    const all = await json("explore", "blocks-6.12-repaired", "--partial-order", "off");
    expect([fewer.document.verdict, all.document.verdict]).toEqual(["holds", "holds"]);
    expect(fewer.document.states * 2).toBeLessThan(all.document.states);
  });

  test("writes the run as ITF, with the columns of a chart", async () => {
    const path = join(elsewhere, "c13.itf.json");
    await vmapcheck("explore", "blocks-6.12", "--itf", path);
    const { states } = JSON.parse(readFileSync(path, "utf8"));
    expect(states).toHaveLength(17);
    expect(states[16].drawn).toMatchObject({ map: expect.stringMatching(/^(!x|x!)$/) });
  });

  test("with --liveness shows a stem and a loop, and names the bug", async () => {
    const words = ["areas-4.10", "--scope", "places=4,caches=0", "--liveness"];
    const { code, document } = await json("explore", ...words);
    expect(code).toBe(0);
    const broken = document.liveness.filter(({ verdict }: { verdict: string }) => verdict === "broken");
    expect(broken).toMatchObject([{ id: "lazy-comes-down", bug: "purge-starved-by-alloc" }]);
    expect([broken[0].stem.length, broken[0].loop.length]).toEqual([20, 60]);
    expect((await vmapcheck("explore", ...words, "--law", "no-bug")).err).toMatch(/--law is not for it/);
    expect((await vmapcheck("explore", "lazy-unmap", "--liveness")).err).toMatch(
      /nothing has to end in lazy-unmap/,
    );
  });
});

describe("hunt at the step grain", () => {
  test("explores, and reports engine, states and length", async () => {
    const { code, document } = await json("hunt", "C13");
    expect(code).toBe(0);
    expect(document.bugs).toMatchObject([
      { id: "vb-final-free-window", engine: "explore", found: true, commands: 17 },
    ]);
  });
});
