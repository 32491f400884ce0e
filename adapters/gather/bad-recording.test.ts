import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readRecording, readTrace } from "./recording.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "gather-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const DUMP = { gathers: [], alloc_pages: 0, rcu_queued: 0, users: 1 };
const INIT = [
  { op: "init", cpus: 1, tables: "rcu" },
  { version: "3.1", arch: "x86", caps: "small", ev: [], ...DUMP },
] as const;
const GOOD = {
  ...{ version: "3.1", arch: "x86", caps: "small", class: "directed", seed: 1 },
  ...{ config: { cpus: 1, tables: "rcu" }, ops: [INIT] as unknown[] },
};
const read = (line: object) => readTrace("file", 7, JSON.stringify(line));
const withOp = (...op: unknown[]) => ({ ...GOOD, ops: [INIT, op] });

describe("a recording of a gather", () => {
  test("A plain one is read, and says its label", () => {
    expect(read(GOOD).label).toBe("gather-3.1");
  });

  test("A reply that refuses may have no events, and 0 is written for what is absent", () => {
    const [exchange] = read(
      withOp({ op: "remove_page", pfn: 1, size: "0x0", npages: 0 }, { err: "no gather" }),
    ).exchanges;
    expect(exchange?.response).toEqual({ events: [], refused: "no gather" });
    expect(exchange?.command).toEqual({ op: "removePage", g: 0, pfn: 1, addr: 0 });
  });

  test.each([
    ["its version", { ...GOOD, version: 3 }, "file:7: version: expected a string"],
    ["an architecture", { ...GOOD, arch: "vax" }, "file:7: arch: expected one of"],
    ["no architecture", { ...GOOD, arch: undefined }, 'file:7: the key "arch" is missing: expected one of'],
    ["no command", { ...GOOD, ops: [] }, "file:7: ops: expected a list of at least 1 item"],
    [
      "a first command that is none",
      { ...GOOD, ops: [[{ op: "flush" }, { ev: [] }]] },
      'ops[0][0].op: expected "init"',
    ],
    [
      "other CPUs than config",
      { ...GOOD, config: { cpus: 2, tables: "rcu" } },
      "ops[0][0]: expected the CPUs",
    ],
    ["an unknown command", withOp({ op: "fly" }, { ev: [] }), "ops[1][0].op: expected one of gather"],
    ["an unknown field", withOp({ op: "flush", h: 1 }, { ev: [] }), 'ops[1][0]: the key "h" is not known'],
    [
      "an address",
      withOp({ op: "zap", addr: 5, n: 1, pfn: 1 }, { ev: [] }),
      "ops[1][0].addr: expected a hex string",
    ],
    [
      "an unknown event",
      withOp({ op: "flush" }, { ev: [{ boom: 1 }] }),
      "ops[1][1].ev[0]: expected an event: flush",
    ],
    [
      "a wrong event",
      withOp({ op: "flush" }, { ev: [{ page: "x" }] }),
      "ops[1][1].ev[0].page: expected a number",
    ],
    ["a reply without events", withOp({ op: "flush" }, {}), "ops[1][1].ev is missing"],
    [
      "a slot that no harness has",
      withOp({ op: "flush", g: 9 }, { ev: [] }),
      "ops[1][0].g: expected a number of at most 3",
    ],
  ])("One line says what is wrong: %s", (_what, line, says) => {
    let error: Error | undefined;
    try {
      read(line);
    } catch (thrown) {
      error = thrown as Error;
    }
    expect(error?.message).toContain(says);
    expect(error?.message).not.toContain("\n");
  });

  test("A truncated line, and a file without any, are refused with their place", async () => {
    const file = join(FOLDER, "cut.jsonl");
    writeFileSync(file, `${JSON.stringify(GOOD)}\n${JSON.stringify(GOOD).slice(0, 40)}\n`);
    const all = async (path: string) => {
      for await (const _trace of readRecording(path));
    };
    await expect(all(file)).rejects.toThrow(/cut.jsonl:2: is not a JSON object/);
    writeFileSync(file, "\n");
    await expect(all(file)).rejects.toThrow(/holds no trace/);
  });
});
