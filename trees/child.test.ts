/** Children that misbehave: how they are reported, and that no process is left. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { Child, ChildError } from "./child.ts";

/** Long enough for any machine: for children that answer or end. */
const PATIENT = { milliseconds: 600_000, memory: undefined };
/** For children that never answer: the result does not depend on this time. */
const HASTY = { milliseconds: 100, memory: undefined };

const children: Child[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await child.end();
});

function start(bounds: typeof PATIENT, command: string, ...args: string[]): Child {
  const child = Child.start(command, args, bounds);
  children.push(child);
  return child;
}

/** The code of a child that waits for ever. */
const WAIT = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);";
const script = (text: string, bounds = PATIENT) => start(bounds, process.execPath, "-e", text);
/** Answers each line by itself, in capitals. */
const ECHO = `require("readline").createInterface({ input: process.stdin }).on("line", (line) => console.log(line.toUpperCase()));`;

/** Whether a process exists, and is no zombie. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

test("a child answers each line that it is sent, in order, however often it is asked", async () => {
  const child = script(ECHO);
  expect(await child.ask(["one", "two"])).toEqual({ answers: ["ONE", "TWO"], gone: undefined });
  expect(await child.ask(["three"])).toEqual({ answers: ["THREE"], gone: undefined });
});

describe("a child that cannot be started is refused in words", () => {
  const folder = mkdtempSync(join(tmpdir(), "vmapcheck-child-"));
  const plain = join(folder, "plain");
  writeFileSync(plain, "no program\n", { mode: 0o644 });
  const strange = join(folder, "strange");
  writeFileSync(strange, "echo a shell would run this\n", { mode: 0o755 });

  test.each([
    ["no-such-program-anywhere", /cannot be started: there is no such program/],
    [join(folder, "absent"), /cannot be started: there is no such program/],
    [folder, /cannot be started: there is no such program/],
    [plain, /cannot be started: it is not executable/],
    [strange, /cannot be started: it is no program, and no script that begins with #!/],
  ])("%s", (command, says) => {
    expect(() => start(PATIENT, command)).toThrow(says);
  });
});

test("words for a shell mean nothing: there is none", async () => {
  const child = start(PATIENT, process.execPath, "-e", ECHO, "; touch x", "$(id)", "&&", "`id`");
  expect((await child.ask(["a"])).answers).toEqual(["A"]);
});

describe("a child that floods its output is ended", () => {
  test.each([
    [
      "with lines that were not requested",
      `for (;;) require("fs").writeSync(1, "one line\\n");`,
      /answers what it was not asked/,
    ],
    [
      "with two lines for one",
      `process.stdin.on("data", () => console.log("a\\nb"));`,
      /answers what it was not asked: "b"/,
    ],
    [
      "with a line that has no end",
      `for (;;) require("fs").writeSync(1, "x".repeat(65536));`,
      /a line of more than 1048576 bytes/,
    ],
    [
      "on its standard error",
      `for (;;) require("fs").writeSync(2, "x".repeat(65536));`,
      /more than \d+ bytes to its standard error/,
    ],
  ])("%s", async (_how, text, says) => {
    const child = script(text);
    const askOnAndOn = async () => {
      // Output before the next request is noticed at that request.
      for (;;) await child.ask(["x"]);
    };
    const error = await askOnAndOn().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ChildError);
    expect(String(error)).toMatch(says);
  });
});

describe("a child that ends in place of an answer has crashed", () => {
  test.each([
    ["at once", "process.exit(3);", /^the process ended with exit code 3$/],
    ["by a signal", `process.kill(process.pid, "SIGSEGV");`, /^the process ended by SIGSEGV/],
    ["with a word to say", `console.error("first\\nlast"); process.exit(1);`, /exit code 1: last$/],
    [
      "by a sanitizer, whose first line says what is wrong",
      `console.error("==7==ERROR: AddressSanitizer: heap-use-after-free\\n#0 somewhere"); process.exit(1);`,
      /exit code 1: ERROR: AddressSanitizer: heap-use-after-free$/,
    ],
  ])("%s", async (_how, text, says) => {
    const { answers, gone } = await script(text).ask(["x"]);
    expect(answers).toEqual([]);
    expect(gone).toEqual({ how: "crashed", text: expect.stringMatching(says) });
  });

  test("and its answers up to there count", async () => {
    const child = script(
      `require("readline").createInterface({ input: process.stdin }).on("line", (line) => line === "b" ? process.exit(9) : console.log(line));`,
    );
    const { answers, gone } = await child.ask(["a", "b", "c"]);
    expect([answers, gone?.how]).toEqual([["a"], "crashed"]);
  });

  test("also in all it was asked since", async () => {
    const child = script("process.exit(3);");
    await child.ask(["x"]);
    expect((await child.ask(["y"])).gone?.how).toBe("crashed");
  });
});

describe("a child that gives no answer by the deadline is silent, and is ended", () => {
  test.each([
    ["since it reads nothing", WAIT],
    ["since it loops", "for (;;);"],
    ["since it closed its standard input", `require("fs").closeSync(0); ${WAIT}`],
    ["since it closed its standard output", `require("fs").closeSync(1); ${WAIT}`],
    ["since it answers long after", `${WAIT.replace("0)", "0, 600000)")} console.log("late");`],
    ["since it does not end its line", `process.stdin.on("data", () => process.stdout.write("half"));`],
  ])("%s", async (_why, text) => {
    const { gone } = await script(text, HASTY).ask(["x"]);
    expect(gone).toEqual({ how: "silent", text: expect.stringMatching(/^none within 100 ms/) });
  });
});

describe("nothing is left running", () => {
  /** Prints its own number and that of a process that it started, and then does not answer any more. */
  const PARENT = `const { spawn } = require("child_process");
    const other = spawn(process.execPath, ["-e", ${JSON.stringify(WAIT)}], { stdio: "ignore" });
    require("fs").writeSync(1, [process.pid, other.pid].join(" ") + "\\n"); ${WAIT}`;

  test("of a child that started others, when it is ended", async () => {
    const child = script(PARENT);
    const pids = (await child.ask(["x"])).answers[0]?.split(" ").map(Number) as number[];
    expect(pids.map(isRunning)).toEqual([true, true]);
    await child.end();
    expect(await areGone(pids)).toBe(true);
  });

  test.each(["SIGTERM", "SIGHUP", "exit"])("when the process that drives it ends, by %s", async (how) => {
    const main = `import { Child } from ${JSON.stringify(new URL("./child.ts", import.meta.url).href)};
      const child = Child.start(process.execPath, ["-e", ${JSON.stringify(PARENT)}], { milliseconds: 600000, memory: undefined });
      const { answers } = await child.ask(["x"]);
      console.log(answers[0]);
      if (${JSON.stringify(how)} === "exit") process.exit(0);
      await child.ask(["y"]);`;
    const driver = spawn(
      process.execPath,
      ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", main],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const ended = new Promise((done) => driver.on("close", done));
    const line = await new Promise<string>((done) =>
      driver.stdout.once("data", (text) => done(String(text))),
    );
    if (how !== "exit") driver.kill(how as NodeJS.Signals);
    await ended;
    expect(await areGone(line.trim().split(" ").map(Number))).toBe(true);
  });

  /** SIGKILL was sent: how soon the system takes a process away is its own business. */
  async function areGone(pids: readonly number[]): Promise<boolean> {
    expect(pids).toHaveLength(2);
    while (pids.some(isRunning)) await new Promise((turn) => setImmediate(turn));
    return true;
  }
});
