/** `drive`: allocators in child processes that keep their promises, violate them, or answer nonsense. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { InputError } from "../adapters/input-error.ts";
import { UsageError } from "../jobs/usage-error.ts";
import { canBoundMemory } from "../trees/child.ts";
import { env, MAIN, printedBy, ROOT } from "./running.testing.ts";
import { type DriveArguments, driveVerb } from "./verbs/drive.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "vmapcheck-drive-"));
const SAMPLES = join(ROOT, "docs/drive");
const OPTIONS: DriveArguments = {
  ...{ seed: 1, runs: 60, deadline: 60_000, memory: 1024, fresh: false, sanitize: false, json: false },
};

const drive = (command: readonly string[], more: Partial<DriveArguments> = {}) =>
  printedBy(() => driveVerb(command, { ...OPTIONS, ...more }));

async function documentOf(command: readonly string[], more: Partial<DriveArguments> = {}) {
  const { code, out } = await drive(command, { ...more, json: true });
  return { code, ...JSON.parse(out) };
}

const has = (program: string) => spawnSync(program, ["--version"]).status === 0;

interface Rules {
  /** Fields of its answer to hello, in place of the usual ones. */
  readonly hello?: string;
  /** JavaScript that may answer the request in `words`, the number `nth` of its history, by `reply = ...`. */
  readonly quirk?: string;
  readonly before?: string;
}

const HELLO = "name first-fit; can alloc align free again; tells flush; frees eager; placement lowest-fit";

/** First fit that frees at once, in JavaScript, but for the quirk. */
function allocator({ hello = HELLO, quirk = "", before = "" }: Rules = {}): readonly string[] {
  const text = `
    ${before}
    let areas = [], nth = 0;
    const up = (at, align) => ((at + align - 1n) / align) * align;
    require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
      const words = line.split(" "), n = words.slice(1).map((word) => BigInt("0x" + word));
      nth = words[0] === "init" ? 0 : nth + 1;
      let reply;
      ${quirk}
      if (reply !== undefined);
      else if (words[0] === "hello") reply = ${JSON.stringify(hello)};
      else if (words[0] === "init") (areas = []), (reply = "ok");
      else if (words[0] === "alloc") {
        let at = up(n[3], n[2]);
        for (const [start, end] of areas) if (start < at + n[1] && at < end) at = up(end, n[2]);
        if (at + n[1] > n[4]) reply = "err EBUSY";
        else {
          areas.push([at, at + n[1]]);
          areas.sort(([a], [b]) => (a < b ? -1 : 1));
          reply = "addr " + at.toString(16);
        }
      } else if (words[0] === "free") {
        const [[start, end]] = areas.splice(areas.findIndex(([start]) => start === n[1]), 1);
        reply = "flush " + start.toString(16) + " " + end.toString(16) + "; ok";
      }
      console.log(reply);
    });`;
  return [process.execPath, "-e", text];
}

const WAIT = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);";

describe("a sample", () => {
  test("has at most 40 lines", () => {
    for (const name of ["first-fit.c", "first-fit.py", "cached-fit.py"])
      expect(readFileSync(join(SAMPLES, name), "utf8").trimEnd().split("\n").length).toBeLessThanOrEqual(40);
  });

  test.skipIf(!has("gcc"))("in C keeps its promises (skipped where there is no gcc)", async () => {
    const program = join(FOLDER, "first-fit");
    execFileSync("gcc", ["-Wall", "-Werror", join(SAMPLES, "first-fit.c"), "-o", program]);
    const { code, accepted, histories, judged } = await documentOf([program], { runs: 300 });
    expect([code, accepted, histories]).toEqual([0, true, 300]);
    expect(judged).toEqual(expect.arrayContaining(["lowest-fit", "no-overlap", "no-crash", "answers"]));
  });

  describe.skipIf(!has("python3"))("in Python (skipped where there is no python3)", () => {
    test("keeps its promises", async () => {
      const { code, accepted, judged } = await documentOf(["python3", join(SAMPLES, "first-fit.py")], {
        runs: 300,
      });
      expect([code, accepted]).toEqual([0, true]);
      expect(judged).toEqual(
        expect.arrayContaining(["lowest-fit", "lazy-count", "lazy-bounded", "purge-only-when-full"]),
      );
    });

    test.each(["lowest-fit", "refused-only-when-full"])(
      "with a planted bug violates %s in three commands",
      async (law) => {
        const found = await documentOf(["python3", join(SAMPLES, "cached-fit.py")], { law });
        expect([found.code, found.law, found.step, found.again]).toEqual([1, law, 3, true]);
        expect(found.steps.map(({ command }: { command: { op: string } }) => command.op)).toEqual([
          "alloc",
          "free",
          "alloc",
        ]);
      },
    );
  });
});

describe("an allocator that keeps its promises", () => {
  test("is accepted, and the laws that cannot be judged are named, with the reason", async () => {
    const { code, out } = await drive(allocator());
    expect(code).toBe(0);
    expect(out).toMatch(/^first-fit keeps the \d+ laws judged: 60 histories, \d+ commands, [\d.]+ s\n/);
    expect(out).toContain("judged by its own promises: in-window, aligned, no-overlap");
    expect(out).toContain("not judged: no-stale-translation, as its replies do not tell pte");
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });

  test("gets requests only in the space, the word and on the CPUs that it names", async () => {
    const hello = `${HELLO}; space 7000 57000; word 14; cpus 1`;
    const quirk = `if (words[0] === "alloc" && (n[0] > 0n || n[3] < 0x7000n || n[4] > 0x57000n)) reply = "bug outside";
      if (words[0] === "init" && n[0] !== 1n) reply = "bug CPUs";`;
    const { accepted, commands } = await documentOf(allocator({ hello, quirk }));
    expect(accepted).toBe(true);
    expect(commands).toBeGreaterThan(100);
  });

  test("gets no request that it does not offer", async () => {
    const hello = "can alloc again; tells flush";
    const quirk = `if (!["hello", "init"].includes(words[0]) && (words[0] !== "alloc" || n[2] > 0x1000n || n[5] > 0n)) reply = "bug never offered";`;
    expect((await documentOf(allocator({ hello, quirk }))).accepted).toBe(true);
  });

  test("is accepted with a process for each history, too", async () => {
    expect((await documentOf(allocator(), { fresh: true, runs: 5 })).accepted).toBe(true);
  });

  test("is judged by the promises of a release on request", async () => {
    const { by, promises, law } = await documentOf(
      allocator({ hello: "name 2.6.27.1; can alloc free again; tells flush" }),
      { as: "2.6.27" },
    );
    expect(by).toBe("the promises of 2.6.27");
    expect(promises).toContain("calls-return");
    // An area of 2.6.27 has a guard page inside, which this one does not flush.
    expect(law).toBe("flush-well-formed");
  });
});

describe("an allocator that violates a law is detected, and its history shrunk:", () => {
  test.each<[string, string, number, Rules]>([
    [
      "it gives one place out twice",
      "no-overlap",
      2,
      {
        quirk: `const other = words[0] === "alloc" && areas.find(([at]) => at >= n[3] && at + n[1] <= n[4] && at % n[2] === 0n);
          if (other) reply = "addr " + other[0].toString(16);`,
      },
    ],
    ["it leaves a page of room", "lowest-fit", 1, { quirk: `if (words[0] === "alloc") n[3] += 4096n;` }],
    [
      "it stops as a kernel does",
      "no-bug",
      2,
      { quirk: `if (words[0] === "free") reply = "bug there is a bug; here";`.replace("; here", "") },
    ],
    ["it refuses a legal free", "no-bug", 2, { quirk: `if (words[0] === "free") reply = "err EINVAL";` }],
    ["it ends by itself", "no-crash", 2, { quirk: `if (words[0] === "free") process.exit(4);` }],
    [
      "a signal ends it",
      "no-crash",
      2,
      { quirk: `if (words[0] === "alloc" && areas.length === 1) process.kill(process.pid, "SIGSEGV");` },
    ],
  ])("%s: %s", async (_how, law, commands, rules) => {
    const found = await documentOf(allocator(rules));
    expect([found.code, found.law, found.step, found.again]).toEqual([1, law, commands, true]);
    expect(found.drawn).toBeGreaterThanOrEqual(commands);
  });

  test("it never answers: answers", async () => {
    const found = await documentOf(allocator({ quirk: `if (words[0] !== "hello") ${WAIT}` }), {
      deadline: 100,
    });
    expect([found.code, found.law, found.step, found.again]).toEqual([1, "answers", 1, true]);
    expect(found.steps.at(-1).response).toMatchObject({ kind: "silent", text: "none within 100 ms" });
  });

  test.skipIf(!canBoundMemory())(
    "it takes more memory than it may: no-crash (skipped where there is no prlimit)",
    async () => {
      const quirk = `if (words[0] === "free") for (const all = []; ; ) all.push(Buffer.alloc(1 << 26, 1));`;
      const found = await documentOf(allocator({ quirk }), { memory: 700 });
      expect([found.code, found.law, found.step]).toEqual([1, "no-crash", 2]);
    },
  );

  test("the history is printed with the verdict first, the map, and the line that runs it again", async () => {
    const quirk = `if (words[0] === "free") process.exit(4);`;
    const out = join(FOLDER, "crash.json");
    const { out: text } = await drive(allocator({ quirk }), { out });
    expect(text).toMatch(/^first-fit violates no-crash in step 2 of 2\n/);
    expect(text).toMatch(/step 2 of 2: {2}free \d+ {2}-> {2}CRASH: the process ended with exit code 4\n/);
    expect(text).toMatch(/\n {2}area +\. +A/);
    expect(text).toContain("no-crash   No legal call ends the process");
    const [head] = text.split("\nreplay:") as [string];
    for (const line of head.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    const again = await documentOf(allocator({ quirk }), { history: out });
    expect([again.code, again.law, again.step, again.histories]).toEqual([1, "no-crash", 2, 1]);
    const repaired = await documentOf(allocator(), { history: out });
    expect([repaired.code, repaired.accepted]).toEqual([0, true]);
  });

  test("a violation that does not repeat is reported as such", async () => {
    const flag = JSON.stringify(join(FOLDER, "once"));
    const before = `const fs = require("fs"), once = !fs.existsSync(${flag}); fs.writeFileSync(${flag}, "");`;
    const { code, out } = await drive(
      allocator({ before, quirk: `if (once && words[0] === "free") process.exit(4);` }),
    );
    expect(code).toBe(1);
    expect(out.replaceAll(/\s+/g, " ")).toContain(
      "not violated again in a new process: its answers depend on more than the history",
    );
  });
});

describe("a malformed answer is refused in one line:", () => {
  test.each<[string, RegExp, Rules]>([
    [
      "a reply of two results",
      /expected exactly one of addr, found, ok, err, bug/,
      { quirk: `if (words[0] === "alloc") reply = "addr 1000; ok";` },
    ],
    ["a reply of none", /expected exactly one of/, { quirk: `if (words[0] === "alloc") reply = "";` }],
    [
      "a field that is not known",
      /"where 1000": expected a field of docs\/drive.md/,
      { quirk: `if (words[0] === "alloc") reply = "where 1000";` },
    ],
    [
      "a number that is none",
      /"addr 0x1000": expected a hexadecimal address as word 1/,
      { quirk: `if (words[0] === "alloc") reply = "addr 0x1000";` },
    ],
    [
      "an address inside a page",
      /expected a multiple of the page size, 1000/,
      { quirk: `if (words[0] === "alloc") reply = "addr 1234";` },
    ],
    [
      "an address for a free",
      /expected ok, as nothing was asked for/,
      { quirk: `if (words[0] === "free") reply = "addr 1000";` },
    ],
    [
      "ok for an address",
      /expected an address, or err/,
      { quirk: `if (words[0] === "alloc") reply = "ok";` },
    ],
    [
      "a field that hello does not announce",
      /hello does not say "tells lazy"/,
      { quirk: `if (words[0] === "alloc") reply = "err X; lazy 1";` },
    ],
    [
      "bytes that are no text",
      /expected printable ASCII/,
      { quirk: `if (words[0] === "alloc") reply = "\\u0000\\u0007\\u00ff";` },
    ],
    [
      "an init that fails",
      /expected ok in answer to "init/,
      { quirk: `if (words[0] === "init") reply = "err no";` },
    ],
    ["a hello that offers nothing", /expected a field "can" with alloc, map or vmap/, { hello: "name x" }],
    [
      "a hello that offers an unknown request",
      /"can alloc fly": expected one of alloc, align/,
      { hello: "can alloc fly" },
    ],
    [
      "a hello with another field",
      /expected a field of name, can, tells/,
      { hello: "can alloc; colour red" },
    ],
    [
      "a placement without frees",
      /expected frees beside it/,
      { hello: "can alloc; tells flush; placement lowest-fit" },
    ],
    [
      "a lazy allocator that tells no flush",
      /needs "tells flush", or "frees eager"/,
      { hello: "can alloc free" },
    ],
    [
      "a law that is none",
      /"laws gravity": expected one of in-window/,
      { hello: "can alloc; tells flush; laws gravity" },
    ],
    [
      "a space of hardly any page",
      /expected a space of at least 64 pages/,
      { hello: "can alloc; tells flush; space 1000 2000" },
    ],
    [
      "a process that ends at once",
      /it ends before it answers to "hello 1": the process ended with exit code 5/,
      { before: "process.exit(5);" },
    ],
  ])("%s", async (_what, says, rules) => {
    const error = await drive(allocator(rules)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect(String(error)).toMatch(says);
    expect(String(error)).not.toContain("\n");
  });

  test("a missing program", async () => {
    await expect(drive(["no-such-program"])).rejects.toThrow(/there is no such program/);
  });

  test("a law that cannot be judged, a command and a tree, neither of them", async () => {
    await expect(drive(allocator(), { law: "lazy-count" })).rejects.toThrow(
      /--law lazy-count is not judged here/,
    );
    await expect(drive(allocator(), { tree: "/" })).rejects.toThrow(UsageError);
    await expect(drive([])).rejects.toThrow(/needs either a command or a tree/);
    await expect(drive(allocator(), { sanitize: true })).rejects.toThrow(/--sanitize is for --tree/);
  });
});

describe("Ctrl-C", () => {
  const pidFile = join(FOLDER, "pid");
  let code: number | null;

  beforeAll(async () => {
    const hangs = allocator({
      quirk: `if (words[0] === "alloc") { require("fs").writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); ${WAIT} }`,
    });
    const words = [...MAIN, "drive", "--deadline", "600000", "--", ...hangs];
    const main = spawn(process.execPath, words, { env, stdio: "ignore" });
    const ended = new Promise<number | null>((done) => main.on("close", done));
    while (!existsSync(pidFile) || readFileSync(pidFile, "utf8") === "")
      await new Promise((turn) => setImmediate(turn));
    main.kill("SIGINT");
    code = await ended;
  });

  test("ends a run that waits for an answer, and its child", () => {
    expect(code).toBe(130);
    const status = join("/proc", readFileSync(pidFile, "utf8"), "status");
    expect(existsSync(status) ? readFileSync(status, "utf8") : "State: gone").toMatch(
      /^State:\s+(gone|[ZX])/m,
    );
  });
});
