import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { elsewhere, env, json, ROOT, TSX, vmapcheck } from "./running.testing.ts";

const RECORDING = join(ROOT, "adapters/recordings/3.16.jsonl.gz");

/** A trace of the recording that conforms and is short, as a file with one reply changed. */
function tamperedRecording(change: (reply: { addr: string }) => void): string {
  const lines = gunzipSync(readFileSync(RECORDING)).toString().split("\n");
  const trace = JSON.parse(lines.find((line) => line.includes("cache-exact-hole-addr")) as string);
  change(trace.ops[1][1]);
  const path = join(elsewhere, `tampered-${Math.random()}.jsonl`);
  writeFileSync(path, `${JSON.stringify(trace)}\n`);
  return path;
}

describe("check", () => {
  test("prints the matrix, names every break, and ends with 0", async () => {
    const { code, out, err } = await vmapcheck("check", "2.6.39", "3.16", "--runs", "200");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/lowest-fit +ok +A9 in 3/);
    expect(out).toContain("ok: kept in every history tried, of calls one after another");
    expect(out).toMatch(/^When calls interleave\n +2\.6\.39 +3\.16$/m);
    expect(out).toMatch(/^no-alias-after-unmap-aliases +C7 in 16 +C7 in 16$/m);
    expect(out).toContain("replay cache-exact-hole-missed --law lowest-fit --kernel 3.16");
    expect(out).toContain("Nothing unexpected.");
    expect(out).not.toContain("\u001b");
  });

  test("says the same as one JSON document", async () => {
    const { code, document } = await json("check", "3.16", "--runs", "200");
    expect({ code, unexpected: document.unexpected }).toEqual({ code: 0, unexpected: 0 });
    const [{ label, laws }] = document.kernels;
    expect(label).toBe("3.16");
    expect(laws).toContainEqual(
      expect.objectContaining({
        id: "lowest-fit",
        verdict: "broken",
        bug: "cache-exact-hole-missed",
        commands: 3,
      }),
    );
    expect(laws).toContainEqual(
      expect.objectContaining({ id: "aligned", verdict: "kept", bug: null, commands: null, replay: null }),
    );
    expect(laws).toContainEqual(expect.objectContaining({ id: "flush-only-once", verdict: "not-promised" }));
  });

  test("of a version without a model says what stands for it, and shows what its interleaved calls break", async () => {
    const { code, out } = await vmapcheck("check", "6.6", "--runs", "200");
    expect(code).toBe(0);
    expect(out).toMatch(/^6\.6 answers as 6\.5 \(= 6\.8\)\.$/m);
    expect(out).toMatch(/^When calls interleave\n +6\.6$/m);
    expect(out).toMatch(/^no-alias-after-unmap-aliases +C13 in 17$/m);
    expect(out).toMatch(/^nothing-leaks +C10 in 28$/m);
    expect(out).toMatch(
      /^C10 +vb-wrong-queue-lock +nothing-leaks +in 28 +6\.6 .*replay vb-wrong-queue-lock --law nothing-leaks --kernel 6\.6$/m,
    );
    expect(out).toContain("Nothing unexpected.");
  });

  test("says the same of it as JSON, and of a law alone", async () => {
    const law = "no-alias-after-unmap-aliases";
    const { document } = await json("check", "5.3", "--law", law, "--runs", "20");
    expect(document.kernels.map(({ label }: { label: string }) => label)).toEqual(["5.2", "5.10"]);
    expect(document.versions).toMatchObject([{ asked: "5.3", answersAs: [], columns: ["5.2", "5.4"] }]);
    const [{ name, protocols, laws }] = document.interleaved;
    expect({ name, protocols }).toEqual({
      name: "5.3",
      protocols: ["areas-5.1", "blocks-4.4", "walks-5.2", "roots-5.3", "reset-perms-5.2"],
    });
    expect(laws).toMatchObject([
      {
        id: law,
        verdict: "broken",
        breaks: [{ bug: "vb-full-block-stale", protocol: "blocks-4.4", steps: 15 }],
      },
    ]);
  });

  test("fails a run that is too short to reach its witnesses", async () => {
    const { code, out } = await vmapcheck("check", "2.6.39", "--runs", "1");
    expect(code).toBe(1);
    expect(out).toMatch(/witness \S+ was never reached/);
  });

  test("judges by one law when asked to", async () => {
    const { document } = await json("check", "3.16", "--law", "no-bug", "--runs", "20");
    expect(document.kernels[0].laws.map((each: { id: string }) => each.id)).toEqual(["no-bug"]);
  });
});

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

describe("Ctrl-C", () => {
  test("ends a check with 130 and what was found so far, also when it comes twice at once", async () => {
    const node = ["--import", TSX, join(ROOT, "cli/main.ts"), "check", "--runs", "100000"];
    const child = spawn(process.execPath, node, { cwd: elsewhere, env });
    let out = "";
    child.stdout.on("data", (text) => {
      out += text;
    });
    // Long enough to begin on a slow machine, and far too short to end.
    setTimeout(() => {
      child.kill("SIGINT");
      child.kill("SIGINT");
    }, 6000);
    const code = await new Promise((ended) => child.on("exit", ended));
    expect(code).toBe(130);
    expect(out).toMatch(/lowest-fit +ok/);
    expect(out).toMatch(/Nothing unexpected so far\.\nInterrupted in kernel \d+ of 22\./);
  });
});

describe("replay", () => {
  test("shows the BUG_ON alignment case step by step, with the map and the law", async () => {
    const { code, out } = await vmapcheck("replay", "cache-draft-align-bugon");
    expect(code).toBe(0);
    expect(out).toContain("step 3 of 3:");
    expect(out).toContain("BUG: first->va_start < addr");
    expect(out).toMatch(/area +\. {2}A/);
    expect(out).toMatch(/^no-bug {3}A legal call never stops the kernel/m);
    expect(out).toContain("replay:  npm run -s vmapcheck -- replay cache-draft-align-bugon");
  });

  test("tells whether a history breaks another release", async () => {
    const there = await json("replay", "A9", "--kernel", "4.15.0");
    expect(there.document).toMatchObject({ kernel: "4.15.0", accepted: false, law: "lowest-fit", step: 3 });
    const here = await json("replay", "A9", "--kernel", "2.6.39");
    expect(here.document).toMatchObject({ kernel: "2.6.39", accepted: true, law: null, step: null });
    expect([there.code, here.code]).toEqual([0, 0]);
  });

  test("says the label that was asked for, and the one its kernel goes by", async () => {
    const { out } = await vmapcheck("replay", "A9", "--kernel", "7.2");
    expect(out).toContain("kernel 7.2 (= 6.19), a space of");
    expect(out).toContain("accepted: 7.2 (= 6.19) keeps every law it promises");
  });

  test("accepts maps on a release that has none", async () => {
    const { code, document } = await json("replay", "C7", "--kernel", "2.6.27");
    expect(code).toBe(0);
    expect(document).toMatchObject({ kernel: "2.6.27", accepted: true });
  });

  test("draws percpu areas with one letter, in the whole of their window", async () => {
    const { code, out } = await vmapcheck("replay", "A12", "--law", "highest-congruent-fit");
    expect(code).toBe(0);
    expect(out).toContain("step 2 of 2:  pcpuGet 1 page at +0, 1 page at +3  ->  placed at 9");
    expect(out).toMatch(/area {8}\. {2}B {2}A {2}\. {2}B {2}\. {2}A {2}A {2}\. {2}\. {2}A {2}\./);
  });

  test.each([
    [["replay", "A12", "--kernel", "3.1"], "percpu areas, which are modelled from 5.2 on, and not in 3.1"],
    [["explore", "3.1", "--scope", "percpu=1"], "percpu areas are modelled from 5.2 on, and not in 3.1"],
    [["diff", "5.0.1", "5.2", "--scope", "percpu=1"], "percpu areas are modelled from 5.2 on"],
  ])("says in one line where percpu areas are not modelled: %s", async (words, line) => {
    const { code, out, err } = await vmapcheck(...words);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err.trim().split("\n")).toHaveLength(1);
    expect(err).toContain(line);
  });

  test("replays a trace of a recording", async () => {
    const { code, document } = await json("replay", RECORDING, "--law", "lowest-fit");
    expect(code).toBe(0);
    expect(document).toMatchObject({
      kernel: "3.16",
      accepted: false,
      law: "lowest-fit",
      bug: "cache-exact-hole-missed",
    });
  });
});

describe("pin", () => {
  test("shrinks a recorded trace, names it, files it, and replays from the file", async () => {
    const { code, document } = await json("pin", RECORDING, "--law", "lowest-fit");
    expect(code).toBe(0);
    expect(document).toMatchObject({ law: "lowest-fit", bug: "cache-exact-hole-missed" });
    expect(document.commands).toBeLessThanOrEqual(8);
    const again = await json("replay", join(elsewhere, document.history));
    expect(again.document).toMatchObject({ accepted: false, law: "lowest-fit", step: document.commands });
  });
});

describe("conform", () => {
  test("counts traces and replies, and skips nothing", async () => {
    const { code, document } = await json("conform", RECORDING);
    expect(code).toBe(0);
    expect(document.files).toEqual([
      expect.objectContaining({
        label: "3.16",
        traces: 244,
        conforming: 244,
        differing: 0,
        skipped: 0,
        first: null,
      }),
    ]);
  });

  test("shows the first difference as a picture with the command that led there", async () => {
    const path = tamperedRecording((reply) => {
      reply.addr = "0xffffc90000005000";
    });
    const { code, out } = await vmapcheck("conform", path);
    expect(code).toBe(1);
    expect(out).toContain("alloc 2 pages in [0xffffc90000000000,0xffffc90000010000)");
    expect(out).toMatch(/area +\.? *\. +A/);
    expect(out).toMatch(/recorded: +placed at 0xffffc90000005000/);
    expect(out).toMatch(/3\.16: +placed at 0xffffc90000002000/);
  });
});

describe("judge", () => {
  test("names every break of a recording and ends with 0", async () => {
    const { code, document } = await json("judge", RECORDING);
    expect(code).toBe(0);
    const [{ label, broken, accepted }] = document.files;
    expect({ label, accepted }).toEqual({ label: "3.16", accepted: 187 });
    expect(broken).toContainEqual({
      trace: expect.any(Number),
      command: 2,
      law: "lowest-fit",
      bug: "cache-exact-hole-missed",
      promised: true,
    });
    expect(broken.every((each: { bug: string | null }) => each.bug !== null)).toBe(true);
  });

  test("ends with 1 when a break is not in the catalogue", async () => {
    const path = tamperedRecording((reply) => {
      reply.addr = "0xffffc90000005000";
    });
    const { code, document } = await json("judge", path);
    expect(code).toBe(1);
    expect(document.files[0].broken).toContainEqual(
      expect.objectContaining({ trace: 1, command: 1, law: "lowest-fit", bug: null }),
    );
  });
});

describe("hunt", () => {
  test("finds a bug by slug or number, and says how", async () => {
    const { code, document } = await json("hunt", "A1", "cache-draft-align-bugon", "--seed", "3");
    expect(code).toBe(0);
    expect(document.bugs).toEqual([
      expect.objectContaining({ id: "va-gap-offbyone", engine: "random", found: true, law: "lowest-fit" }),
      expect.objectContaining({ id: "cache-draft-align-bugon", found: true, law: "no-bug", commands: 3 }),
    ]);
  });
});

describe("bad usage ends with 2 and one line", () => {
  const cases: [words: string[], line: RegExp][] = [
    [["chekc"], /unknown command 'chekc' \(Did you mean check\?\)/],
    [["check", "--sed", "1"], /unknown option '--sed' \(Did you mean --seed\?\)/],
    [["check", "4.15.18-ubunut"], /there is no kernel "4\.15\.18-ubunut"; did you mean 4\.15\.18-ubuntu\?/],
    [["check", "--law", "lowest-fti"], /there is no law "lowest-fti"; did you mean lowest-fit\?/],
    [["check", "--runs", "many"], /--runs takes a whole number from 0 to \d+, not "many"/],
    [["replay", "va-gap-offbyon"], /there is no bug "va-gap-offbyon"; did you mean va-gap-offbyone\?/],
    [["replay", "A1", "--law", "no-bug"], /va-gap-offbyone does not break no-bug; it breaks lowest-fit/],
    [["replay", "./nothing.json"], /\.\/nothing\.json: cannot be read: ENOENT/],
    [["conform", "./nothing.jsonl"], /\.\/nothing\.jsonl: cannot be read: ENOENT/],
    [["conform"], /missing required argument 'file'/],
    [["hunt", "A77"], /there is no bug "A77"/],
    [["explore", "lazy"], /there is no machine "lazy"; there are lazy-unmap, areas-2\.6\.28-rc3, /],
    [["explore", "lazy-unmap", "--scope", "V=9"], /--scope: V \(pages\) is from 1 to 6, not 9/],
    [["explore", "lazy-unmap", "--scope", "V"], /--scope of lazy-unmap takes V=N,F=N,C=N, not "V"/],
    [["explore", "lazy-unmap", "--symmetry", "no"], /--symmetry takes on or off, not "no"/],
    [["explore", "lazy-unmap", "--scope", "V=6,F=6,C=5"], /numbered in 62208000 ways, more than 40320/],
    [["explore", "2.6.39", "--scope", "pages=41"], /pages \(pages in the space\) is from 3 to 40, not 41/],
    [["explore", "2.6.39", "--law", "lowest"], /there is no law of this machine "lowest"; .*lowest-fit/],
    [["explore", "lazy-unmap", "--dot", "/nowhere/graph.dot"], /--dot \/nowhere\/graph\.dot: ENOENT/],
    [["explore", "3.1", "--scope", "pages=5,pages=6"], /--scope gives pages twice/],
    [["explore", "3.1", "--scope", "pages=5,block=8"], /no block of 8 pages fits into 5/],
    [["explore"], /explore takes a machine, or --resume FILE/],
    [["explore", "lazy-unmap", "--every", "5"], /--every is for --checkpoint FILE/],
    [["explore", "--resume", "./nothing"], /--resume \.\/nothing: ENOENT: no such file/],
    [["explore", "lazy-unmap", "--megabytes", "1000000"], /--megabytes 1000000: this machine has \d+/],
    [
      ["hunt", "A9", "--law", "in-window"],
      /cache-exact-hole-missed does not break in-window; it breaks lowest-/,
    ],
    [["replay", "C7", "--kernel", "mainline"], /there is no kernel "mainline"; there are 2\.6\.27, /],
  ];

  test.each(cases)("%j", async (words, line) => {
    const { code, out, err } = await vmapcheck(...words);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(line);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });
});
