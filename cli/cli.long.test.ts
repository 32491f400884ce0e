import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { elsewhere, env, json, MAIN, ROOT, vmapcheck } from "./running.testing.ts";

const RECORDING = join(ROOT, "adapters/vmap/recordings/3.16.jsonl.gz");

let files = 0;

/** A trace of the recording that conforms and is short, as a file with one reply changed. */
function tamperedRecording(change: (reply: { addr: string }) => void): string {
  const lines = gunzipSync(readFileSync(RECORDING)).toString().split("\n");
  const trace = JSON.parse(lines.find((line) => line.includes("cache-exact-hole-addr")) as string);
  change(trace.ops[1][1]);
  const path = join(elsewhere, `tampered-${++files}.jsonl`);
  writeFileSync(path, `${JSON.stringify(trace)}\n`);
  return path;
}

describe("Ctrl-C", () => {
  test("ends a check with 130 and what was found so far", async () => {
    // A kept failure that no longer fails: the removal of its file is the first sign of work.
    const folder = join(elsewhere, ".vmapcheck/failures");
    const kept = join(folder, "2.6.27.lowest-fit.json");
    const pinned = readFileSync(join(ROOT, "counterexamples/vmap/va-gap-offbyone/lowest-fit.json"), "utf8");
    mkdirSync(folder, { recursive: true });
    writeFileSync(kept, JSON.stringify({ ...JSON.parse(pinned), kernel: "2.6.27" }));
    const child = spawn(process.execPath, [...MAIN, "check", "--runs", "100000"], { cwd: elsewhere, env });
    const watcher = watch(folder, () => {
      if (!existsSync(kept)) child.kill("SIGINT");
    });
    let out = "";
    child.stdout.on("data", (text) => {
      out += text;
    });
    const code = await new Promise((ended) => child.on("close", ended));
    watcher.close();
    expect(code).toBe(130);
    expect(out).toMatch(/^lowest-fit +(ok|visited|not tried)/m);
    expect(out).toMatch(/^Nothing unexpected so far \(kernel \d+ of 45\): /);
    expect(out).toMatch(/^Interrupted in kernel \d+ of 45\.$/m);
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

  test("shows whether a history violates a law on another release", async () => {
    const there = await json("replay", "A9", "--kernel", "4.15.0");
    expect(there.document).toMatchObject({ kernel: "4.15.0", accepted: false, law: "lowest-fit", step: 3 });
    const here = await json("replay", "A9", "--kernel", "2.6.39");
    expect(here.document).toMatchObject({ kernel: "2.6.39", accepted: true, law: null, step: null });
    expect([there.code, here.code]).toEqual([0, 0]);
  });

  test("prints the requested label, and the name of its kernel", async () => {
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
  ])("refuses in one line percpu areas without a model: %s", async (words, line) => {
    const { code, out, err } = await vmapcheck(...words);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err.trim().split("\n")).toHaveLength(1);
    expect(err).toContain(line);
  });

  test("judges a trace of a recording by its own replies, step by step", async () => {
    const { code, document } = await json("replay", RECORDING, "--law", "lowest-fit");
    expect(code).toBe(0);
    expect(document).toMatchObject({
      kernel: "3.16",
      rerun: false,
      accepted: false,
      law: "lowest-fit",
      bug: "cache-exact-hole-missed",
    });
    expect(document.steps).toHaveLength(document.step);
    expect(document.steps.at(-1)).toMatchObject({ step: document.step, command: { op: "alloc_vmap_area" } });
  });
});

describe("pin", () => {
  test("names the violation of a recorded trace, and files nothing if a shorter history is pinned", async () => {
    const { code, document } = await json("pin", RECORDING, "--law", "lowest-fit");
    expect(code).toBe(0);
    expect(document).toMatchObject({ law: "lowest-fit", bug: "cache-exact-hole-missed", filed: false });
    expect(document.history).toMatch(/counterexamples\/vmap\/cache-exact-hole-missed\/lowest-fit\.json$/);
    expect(document.shrunk).toBeGreaterThan(document.commands);
    const again = await json("replay", join(elsewhere, document.history));
    expect(again.document).toMatchObject({ accepted: false, law: "lowest-fit", step: document.commands });
  });

  test("runs a recorded trace on our model on request, and prints so", async () => {
    const { code, document } = await json("pin", RECORDING, "--law", "lowest-fit", "--kernel", "3.16");
    expect(code).toBe(0);
    expect(document).toMatchObject({ rerun: true, law: "lowest-fit", bug: "cache-exact-hole-missed" });
    expect(document.shrunk).toBeLessThanOrEqual(8);
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
  test("names every violation of a recording and ends with 0", async () => {
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

  test("ends with 1 when a violation is not in the catalogue", async () => {
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
  test("finds a bug by slug or number, and prints how", async () => {
    const { code, document } = await json("hunt", "A1", "cache-draft-align-bugon", "--seed", "3");
    expect(code).toBe(0);
    expect(document.bugs).toEqual([
      expect.objectContaining({ id: "va-gap-offbyone", engine: "random", found: true, law: "lowest-fit" }),
      expect.objectContaining({ id: "cache-draft-align-bugon", found: true, law: "no-bug", commands: 3 }),
    ]);
  });
});

test("--version prints the version of the package", async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  expect(await vmapcheck("--version")).toEqual({ code: 0, out: `vmapcheck ${version}\n`, err: "" });
});

describe("bad usage ends with 2 and one line", () => {
  const cases: [words: string[], line: RegExp][] = [
    [["chekc"], /unknown command 'chekc' \(Did you mean check\?\)/],
    [["check", "--sed", "1"], /unknown option '--sed' \(Did you mean --seed\?\)/],
    [["check", "4.15.18-ubunut"], /there is no kernel "4\.15\.18-ubunut"; did you mean 4\.15\.18-ubuntu\?/],
    [["check", "--law", "lowest-fti"], /there is no law "lowest-fti"; did you mean lowest-fit\?/],
    [["check", "--runs", "many"], /--runs takes a whole number from 0 to \d+, not "many"/],
    [["replay", "va-gap-offbyon"], /there is no bug "va-gap-offbyon"; did you mean va-gap-offbyone\?/],
    [["replay", "A1", "--law", "no-bug"], /va-gap-offbyone does not violate no-bug; it violates lowest-fit/],
    [["replay", "./nothing.json"], /\.\/nothing\.json: there is no such file/],
    [["conform", "./nothing.jsonl"], /\.\/nothing\.jsonl: there is no such file/],
    [["conform"], /missing required argument 'file'/],
    [["hunt", "A77"], /there is no bug "A77"/],
    [["explore", "lazy"], /there is no machine "lazy"; did you mean lazy-unmap or /],
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
      /cache-exact-hole-missed does not violate in-window; it violates lowest-/,
    ],
    [
      ["replay", "C7", "--kernel", "mainline"],
      /there is no kernel "mainline"; there are .*, and \d+ more: list names them\n$/,
    ],
  ];

  test.each(cases)("%j", async (words, line) => {
    const { code, out, err } = await vmapcheck(...words);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(line);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });
});
