/** `explore` as it is typed: its states, output and files. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { elsewhere, json, vmapcheck } from "./running.testing.ts";

describe("explore", () => {
  test("visits every state, and prints a receipt", async () => {
    const { code, document } = await json(
      "explore",
      "lazy-unmap",
      "--scope",
      "V=2,F=2,C=2",
      "--symmetry",
      "off",
    );
    expect(code).toBe(0);
    expect(document).toMatchObject({
      machine: "lazy-unmap",
      scope: "V=2,F=2,C=2",
      states: 4772,
      edges: 17_777,
      verdict: "holds",
      law: null,
      history: null,
      exact: true,
      reductions: [],
    });
  });

  const whole = ["lazy-unmap", "--scope", "V=2,F=2,C=2", "--symmetry", "off"];

  test("saves its search at a bound, and continues it by two threads", async () => {
    const path = join(elsewhere, "lazy.checkpoint");
    const first = await json("explore", ...whole, "--states", "1000", "--checkpoint", path);
    expect(first.document).toMatchObject({ ended: "states", verdict: "bounded", workers: 1, resumed: null });
    const { code, document } = await json("explore", "--resume", path, "--workers", "2");
    expect(code).toBe(0);
    expect(document).toMatchObject({
      machine: "lazy-unmap",
      scope: "V=2,F=2,C=2",
      states: 4772,
      edges: 17_777,
      ended: "fixpoint",
      workers: 2,
      resumed: first.document.states,
    });
    const other = await vmapcheck("explore", "lazy-unmap", "--scope", "V=4", "--resume", path);
    expect({ code: other.code, out: other.out }).toEqual({ code: 2, out: "" });
    expect(other.err).toMatch(/^vmapcheck: --resume \S+: it is a search of scope V=2,F=2,C=2\n$/);
  });

  test("of a kernel finds the same by two threads as by one", async () => {
    const words = ["explore", "3.1", "--scope", "pages=4,windows=1,aligns=1"];
    const [alone, together] = await Promise.all([json(...words), json(...words, "--workers", "2")]);
    const reported = ({ states, edges, depth, fired, witnesses, laws }: typeof alone.document) => ({
      states,
      edges,
      depth,
      fired,
      witnesses,
      laws: laws.map(({ history: _any, ...law }: { history: unknown }) => law),
    });
    expect(reported(together.document)).toEqual(reported(alone.document));
  });

  test("reports that it ended at a bound", async () => {
    const { code, out } = await vmapcheck("explore", "lazy-unmap", "--scope", "V=4", "--states", "5000");
    expect(code).toBe(0);
    expect(out).toMatch(/verdict +bounded/);
    expect(out).toMatch(/ended +at the bound of states: what lies beyond is not known/);
  });

  test("visits a kernel beside the reference, and names and replays its violations", async () => {
    const { code, document } = await json("explore", "3.1", "--scope", "pages=5");
    expect(code).toBe(0);
    expect(document).toMatchObject({ machine: "3.1", verdict: "broken", ended: "fixpoint" });
    expect(document).toMatchObject({ exact: false, hashBits: 128 });
    const { laws } = document as unknown as { laws: { id: string; bug: string; commands: number | null }[] };
    expect(laws.filter(({ commands }) => commands !== null)).toMatchObject([
      { id: "lowest-fit", bug: "cache-exact-hole-missed", commands: 3 },
      { id: "refused-only-when-full", bug: "cache-exact-hole-missed", commands: 3 },
      { id: "purge-only-when-full", bug: "cache-exact-hole-missed", commands: 4 },
    ]);
  });

  test("ends at the requested law, and writes its run for Quint and Apalache", async () => {
    const path = join(elsewhere, "run.itf.json");
    const words = ["explore", "piggin-draft-3", "--scope", "pages=5", "--law", "no-bug", "--itf", path];
    const { code, out } = await vmapcheck(...words);
    expect(code).toBe(0);
    expect(out).toMatch(/^Violated: piggin-draft-3, \d+ laws, \d+ violations known, 0 unknown, \d+ states, /);
    expect(out).toMatch(/no-bug is violated in 3, shortest/);
    expect(out).toMatch(/known as cache-draft-align-bugon/);
    const trace = JSON.parse(readFileSync(path, "utf8"));
    expect(trace["#meta"]).toMatchObject({ format: "ITF", source: "piggin-draft-3" });
    expect(trace.states).toHaveLength(4);
    expect(trace.states[1].drawn).toContainEqual(expect.stringMatching(/^area \[\d+,\d+\)$/));
  });

  test("draws a small graph", async () => {
    const path = join(elsewhere, "graph.dot");
    const scope = "pages=3,windows=1,aligns=1";
    const { code } = await vmapcheck("explore", "2.6.39", "--scope", scope, "--dot", path);
    expect(code).toBe(0);
    expect(readFileSync(path, "utf8")).toMatch(
      /^digraph "2\.6\.39" \{[\s\S]*s1 \[label="area \[16,17\)[\s\S]*s0 -> s1 \[label="alloc 1 in \[16,19\)"/,
    );
  });

  const whole2 = ["lazy-unmap", "--scope", "V=2,F=2,C=2"];

  test.each([
    [
      "--itf",
      "--dot",
      whole2,
      /^vmapcheck: --itf \S+ was not written: it takes a run into a violation, and there was none$/,
    ],
    [
      "--dot",
      "--itf",
      ["blocks-6.12"],
      /^vmapcheck: --dot \S+ was not written: only what was .* ended at a violation$/,
    ],
    ["--dot", undefined, ["lazy-unmap", "--scope", "V=3"], /at most 2000 states are drawn, not 4547$/],
  ])(
    "that cannot write %s writes %s, prints what it found, and says why in a line",
    async (lost, kept, words, line) => {
      const [lostPath, keptPath] = [join(elsewhere, `lost${lost}`), join(elsewhere, `kept${kept}`)];
      const files = kept === undefined ? [lost, lostPath] : [lost, lostPath, kept, keptPath];
      const { code, out, err } = await vmapcheck("explore", ...words, ...files);
      expect(code).toBe(2);
      expect(out).toMatch(/^(Holds|Violated): /);
      expect(err.trimEnd()).toMatch(line);
      expect(existsSync(lostPath)).toBe(false);
      if (kept !== undefined) expect(readFileSync(keptPath, "utf8").length).toBeGreaterThan(1000);
    },
  );

  test.each([
    [["--dot", "/nowhere/graph.dot"], /--dot \/nowhere\/graph\.dot: ENOENT/],
    [["--itf", "."], /--itf \.: it is a directory/],
    [["--checkpoint", "."], /--checkpoint \.: it is a directory/],
    [["--dot", "both", "--itf", "./both"], /--dot and --itf name the same file/],
    [["--checkpoint", "both", "--itf", "./both"], /--itf and --checkpoint name the same file/],
    [
      ["--compact", "--scope", "V=5,F=2,C=4", "--dot", "graph"],
      /--dot draws states, of which --compact keeps hashes/,
    ],
  ])("refuses %j before it searches", async (words, line) => {
    const { code, out, err } = await vmapcheck("explore", "lazy-unmap", ...words);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(line);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
    expect(existsSync(join(elsewhere, "both"))).toBe(false);
  });

  test("does not write over the search that it resumes", async () => {
    const path = join(elsewhere, "resumed.checkpoint");
    await vmapcheck("explore", ...whole, "--states", "1000", "--checkpoint", path);
    const saved = readFileSync(path);
    const { code, err } = await vmapcheck("explore", "--resume", path, "--dot", path);
    expect({ code, err }).toEqual({
      code: 2,
      err: `vmapcheck: --resume and --dot name the same file, ${path}\n`,
    });
    expect(readFileSync(path)).toEqual(saved);
  });

  test("keeps hashes on request, and prints the probability that it omitted a state", async () => {
    const { out } = await vmapcheck(
      "explore",
      "lazy-unmap",
      "--scope",
      "V=5,F=2,C=4",
      "--compact",
      "--symmetry",
      "off",
      "--states",
      "20000",
    );
    expect(out).toMatch(/^No violation so far: /);
    expect(out).toMatch(
      /64 bits of hash a state, breadth first: that any of \d+ was left out is no likelier\s+than/,
    );
  });
});
