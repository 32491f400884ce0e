/** `explore` as it is typed: what it visits, prints and writes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { elsewhere, json, vmapcheck } from "./running.testing.ts";

describe("explore", () => {
  test("visits every state there is, and says how", async () => {
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

  test("saves what it has at a bound, and goes on with it by two threads", async () => {
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

  test("of a kernel finds by two threads what one finds", async () => {
    const words = ["explore", "3.1", "--scope", "pages=4,windows=1,aligns=1"];
    const [alone, together] = await Promise.all([json(...words), json(...words, "--workers", "2")]);
    const told = ({ states, edges, depth, fired, witnesses, laws }: typeof alone.document) => ({
      states,
      edges,
      depth,
      fired,
      witnesses,
      laws: laws.map(({ history: _any, ...law }: { history: unknown }) => law),
    });
    expect(told(together.document)).toEqual(told(alone.document));
  });

  test("says that it ended at a bound", async () => {
    const { code, out } = await vmapcheck("explore", "lazy-unmap", "--scope", "V=4", "--states", "5000");
    expect(code).toBe(0);
    expect(out).toMatch(/verdict +bounded/);
    expect(out).toMatch(/ended +at the bound of states: what lies beyond is not known/);
  });

  test("visits a kernel beside the reference, and names and replays what it breaks", async () => {
    const { code, document } = await json("explore", "3.1", "--scope", "pages=5");
    expect(code).toBe(0);
    expect(document).toMatchObject({ machine: "3.1", verdict: "broken", ended: "fixpoint", exact: true });
    const { laws } = document as unknown as { laws: { id: string; bug: string; commands: number | null }[] };
    expect(laws.filter(({ commands }) => commands !== null)).toMatchObject([
      { id: "lowest-fit", bug: "cache-exact-hole-missed", commands: 3 },
      { id: "refused-only-when-full", bug: "cache-exact-hole-missed", commands: 3 },
      { id: "purge-only-when-full", bug: "cache-exact-hole-missed", commands: 4 },
    ]);
  });

  test("ends at the law asked for, and writes its run for Quint and Apalache", async () => {
    const path = join(elsewhere, "run.itf.json");
    const words = ["explore", "piggin-draft-3", "--scope", "pages=5", "--law", "no-bug", "--itf", path];
    const { code, out } = await vmapcheck(...words);
    expect(code).toBe(0);
    expect(out).toMatch(/no-bug is broken in 3, shortest/);
    expect(out).toMatch(/known as cache-draft-align-bugon/);
    const trace = JSON.parse(readFileSync(path, "utf8"));
    expect(trace["#meta"]).toMatchObject({ format: "ITF", source: "piggin-draft-3" });
    expect(trace.states).toHaveLength(4);
  });

  test("draws a small graph", async () => {
    const path = join(elsewhere, "graph.dot");
    const scope = "pages=3,windows=1,aligns=1";
    const { code } = await vmapcheck("explore", "2.6.39", "--scope", scope, "--dot", path);
    expect(code).toBe(0);
    expect(readFileSync(path, "utf8")).toMatch(
      /^digraph "2\.6\.39" \{[\s\S]*s0 -> s1 \[label="alloc 1 in \[16,19\)"/,
    );
  });

  test.each([
    [
      ["2.6.39", "--scope", "pages=3", "--itf", "/tmp/none"],
      /--itf writes a run into a break, and there was none/,
    ],
    [["lazy-unmap", "--scope", "V=3", "--dot", "/tmp/none"], /--dot draws at most 2000 states, not 4547/],
  ])("prints what it found before it says that it cannot write: %j", async (words, line) => {
    const { code, out, err } = await vmapcheck("explore", ...words);
    expect(code).toBe(2);
    expect(out).toMatch(/verdict +holds/);
    expect(err).toMatch(line);
  });

  test("keeps hashes where it is asked to, and says how likely it is that it left something out", async () => {
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
    expect(out).toMatch(
      /64 bits of hash a state, breadth first: that any of \d+ was left out is no likelier than/,
    );
  });
});
