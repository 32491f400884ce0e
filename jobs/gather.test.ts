/** Every job on the second wing: no verb of its own, and no word of the first is lost. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InputError, oneLine } from "../adapters/input-error.ts";
import { check } from "./check/check.ts";
import { conform } from "./conform.ts";
import { diff, fileOf } from "./diff.ts";
import { explore } from "./explore/explore.ts";
import { judge } from "./judge.ts";
import { list } from "./list.ts";
import { listOne } from "./list-one.ts";
import { pin } from "./pin/pin.ts";
import { replay } from "./replay.ts";
import { UsageError } from "./usage-error.ts";

const recording = (label: string) =>
  fileURLToPath(new URL(`../adapters/gather/recordings/${label}.jsonl.gz`, import.meta.url));
const vmapRecording = fileURLToPath(new URL("../adapters/vmap/recordings/2.6.27.jsonl.gz", import.meta.url));

const here = process.cwd();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vmapcheck-gather-"));
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(here);
  rmSync(folder, { recursive: true, force: true });
});

/** The line with which something is refused. */
async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error instanceof UsageError || error instanceof InputError).toBe(true);
  const { message } = error as Error;
  expect(oneLine(message)).toBe(message);
  return message;
}

/** One CPU: the page is freed before the flush. */
const FAST = {
  vmapcheck: 2,
  kernel: "gather-3.1",
  law: "page-after-flush",
  scope: {
    name: "space",
    arch: "x86",
    cpus: 1,
    tables: "rcu",
    limits: { array: 2, bundle: 2, batch: 2, batches: 1, tables: 2, hash: 2 },
    pages: [0, 4096],
    frames: [100, 101],
    tableIds: [],
    slots: 1,
    calls: ["zap"],
  },
  commands: [
    { op: "gather", g: 0, start: 0, end: 8192 },
    { op: "failAlloc", n: 1 },
    { op: "zap", g: 0, addr: 0, n: 1, pfn: 100 },
  ],
};

function write(name: string, document: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof document === "string" ? document : JSON.stringify(document));
  return path;
}

describe("a word", () => {
  test("of a gather means its kernel, and the list has both wings", async () => {
    const one = await listOne("gather-3.1");
    expect("wing" in one && [one.wing.name, one.kernel.name]).toEqual(["gather", "gather-3.1"]);
    const { kernels, laws } = await list();
    const wingOf = (label: string) => kernels.find(({ labels }) => labels.includes(label))?.wing;
    expect([wingOf("gather-3.1"), wingOf("3.1")]).toEqual(["gather", "vmap"]);
    expect(laws.find(({ id }) => id === "page-after-flush")?.wing).toBe("gather");
  });

  test("that is misspelt is answered with the nearest of both wings", async () => {
    expect(await refusal(check({ kernels: ["gathr-3.1"] }))).toMatch(/did you mean gather-3\.1\?$/);
    expect(await refusal(explore("gather-3.11"))).toMatch(/neighbours: gather-3\.10\.4, gather-3\.16$/);
    expect(await refusal(check({ law: "page-after-flsh" }))).toMatch(/did you mean page-after-flush\?$/);
    expect(await refusal(check({ kernels: ["2.6.93"] }))).toMatch(/the last 2\.6 is 2\.6\.39$/);
  });

  test("of the other wing is refused where two have to be of one", async () => {
    expect(await refusal(diff("gather-3.1", "6.12"))).toMatch(/one is of gather, the other of vmap$/);
    const path = write("fast.json", FAST);
    expect(await refusal(replay(path, { kernel: "6.12" }))).toBe(
      "6.12 is a kernel of vmap, and takes no commands of gather",
    );
  });
});

describe("a recording is recognised by what is in it", () => {
  test("and conforms with the model of its label, beside one of the other wing", async () => {
    const { files } = await conform([recording("3.1-s390"), vmapRecording]);
    expect(files.map(({ labels, differing }) => [[...labels], differing])).toEqual([
      [["gather-3.1-s390"], 0],
      [["2.6.27"], 0],
    ]);
    const judged = await judge([recording("3.1-s390"), vmapRecording]);
    expect(files.map(({ replies }) => replies)).toEqual(judged.files.map(({ replies }) => replies));
    expect(files[0]?.replies).toBe(196);
  });

  test("whatever its name; one that was tampered with differs, at its command", async () => {
    const lines = textOf(recording("3.1"));
    const [first = ""] = lines;
    const trace = JSON.parse(first);
    const at = trace.ops.findIndex(([{ op }]: [{ op: string }]) => op === "zap");
    trace.ops[at][1].force_flushes += 1;
    const path = join(folder, "other.jsonl.gz");
    writeFileSync(path, gzipSync(JSON.stringify(trace)));
    const { files } = await conform([path]);
    expect(files[0]?.first?.difference.index).toBe(at - 1);
    expect(files[0]?.first?.difference.fields.map(({ field }) => field)).toEqual(["forceFlushes"]);
  });

  test("is judged without our kernels, by its own promises or those of another label", async () => {
    const { files } = await judge([recording("3.1")]);
    const laws = new Set(files[0]?.broken.map(({ law }) => law));
    expect([...laws].sort()).toEqual(["page-after-flush", "table-after-flush"]);
    const [other] = (await judge([recording("6.12")], { as: "gather-5.11" })).files;
    expect([...(other?.by ?? [])]).toEqual(["the promises of gather-5.11"]);
    expect(await refusal(judge([recording("6.12")], { as: "gather-5.12" }))).toMatch(
      /did you mean gather-5\.1/,
    );
  });

  test("is replayed as it is, or run anew on a kernel", async () => {
    const own = await replay(recording("3.1"));
    expect(own.kind === "recording" && own.violations.map(({ law }) => law)).toEqual(["page-after-flush"]);
    const anew = await replay(recording("3.1"), { kernel: "gather-6.12" });
    expect(anew.kind === "history" && [anew.called, anew.violations]).toEqual(["gather-6.12", []]);
  });

  test("is cut to the steps that its violation needs, and the cut violates the same law", async () => {
    const found = await pin(recording("3.10.4"), { law: "flush-covers" });
    if ("keeps" in found) throw new Error(found.keeps);
    expect([found.bug, found.shrunk, found.from, found.cut?.minimal]).toEqual([
      ...["zap-range-wrong-half", 2, 3],
      true,
    ]);
    const { files } = await judge([found.path]);
    expect(files[0]?.broken.map(({ law, command, bug }) => [law, command, bug])).toEqual([
      ["flush-covers", 1, found.bug],
    ]);
    expect(await refusal(conform([found.path]))).toMatch(/cut: only a whole trace/);
    expect(await refusal(judge([found.path], { law: "freed-once" }))).toMatch(/cut\.law: it was cut for/);
  });

  test("keeps, when it is cut, all that its last reply needs: the batch of tables that a callback frees", async () => {
    const found = await pin(recording("4.4"), { law: "table-after-flush" });
    if ("keeps" in found || found.cut === undefined) throw new Error("no cut");
    const [, ...freed] = found.cut.steps.toReversed();
    expect([found.bug, freed.length > 3, found.shrunk < found.from]).toEqual([
      "rcu-table-no-invalidate",
      ...[true, true],
    ]);
  });

  test.each([
    ["a truncated line", '{"version":"3.1","arch":"x86"', /:1: is not a JSON object/],
    ["an unknown architecture", '{"version":"3.1","arch":"vax","caps":"std"}', /:1: arch: /],
    ["a missing architecture", '{"version":"3.1","caps":"std"}', /:1: the key "arch" is missing/],
    ["a label without a model", "3.2", /:1: version: .*3\.2/],
  ])("%s is refused in one line", async (_what, text, line) => {
    const [first = ""] = textOf(recording("3.1"));
    const path = write("hostile.jsonl", text.startsWith("{") ? text : first.replace('"3.1"', `"${text}"`));
    expect(await refusal(conform([path]))).toMatch(line);
    expect(await refusal(judge([path]))).toMatch(line);
  });
});

/** The lines of a gzipped recording. */
function textOf(path: string): readonly string[] {
  return gunzipSync(readFileSync(path)).toString("utf8").trimEnd().split("\n");
}

describe("a history", () => {
  test("violates its law on the kernel it names, is kept by a later one, and is pinned already in two commands", async () => {
    const path = write("fast.json", FAST);
    const found = await replay(path);
    expect(found.kind === "history" && [found.last, found.violations.map(({ bug }) => bug?.number)]).toEqual([
      2,
      ["D1"],
    ]);
    const later = await replay(path, { kernel: "gather-3.10.4" });
    expect(later.kind === "history" && later.violations).toEqual([]);
    const pinned = await pin(path);
    expect("keeps" in pinned ? pinned : [pinned.bug, pinned.shrunk, pinned.already?.commands]).toEqual([
      "tlb-fast-mode",
      2,
      2,
    ]);
  });

  test("of a bug is pinned: pin says so, and asks for no list that the wing does not have", async () => {
    expect(await refusal(pin("D6"))).toMatch(/^D6 is a bug of the catalogue, pinned already \(finish-leaves/);
    const twice = [...FAST.commands.slice(0, 1), { op: "zap", g: 0, addr: 0, n: 2, pfn: 100 }];
    const scope = { ...FAST.scope, cpus: 2, limits: { ...FAST.scope.limits, bundle: 1, batches: 0 } };
    const path = write("other.json", { ...FAST, kernel: "gather-3.16", scope, commands: twice });
    const found = await pin(path, { law: "page-after-flush" });
    expect("keeps" in found ? found : found.needs.filter((each) => each.includes("spaces"))).toEqual([]);
  });

  test.each([
    ["a field too many", { ...FAST, more: 1 }, /the key "more" is not known here/],
    ["an unknown command", { ...FAST, commands: [{ op: "alloc" }] }, /commands\[0\]\.op: /],
    [
      "a gather that the machine has no room for",
      { ...FAST, commands: [{ op: "gather", g: 1, start: 0, end: 1 }] },
      /commands\[0\]\.g: expected a slot below 1, which is scope\.slots$/,
    ],
    [
      "a CPU that the machine has not",
      { ...FAST, commands: [{ op: "touch", cpu: 1, addr: 0 }] },
      /commands\[0\]\.cpu: expected a cpu below 1, which is scope\.cpus$/,
    ],
    ["fewer frames than pages", { ...FAST, scope: { ...FAST.scope, frames: [] } }, /scope\.frames: /],
    ["a law of the other wing", { ...FAST, law: "lowest-fit" }, /law: expected the id of a law/],
    ["a kernel of neither", { ...FAST, kernel: "gather-9" }, /./],
  ])("with %s is refused in one line", async (_what, document, line) => {
    expect(await refusal(replay(write("hostile.json", document)))).toMatch(line);
  });
});

describe("two gathers", () => {
  test("differ in a shortest history, which replay reads: 3.0.66 has a limit of batches", async () => {
    const found = await diff("gather-3.0.66", "gather-3.1", { scope: "pages=2,tables=0,batch=1" });
    expect(found.compared.difference?.history).toHaveLength(2);
    const path = write("differing.json", fileOf(found) as string);
    const again = await replay(path, { kernel: "gather-3.0.66" });
    expect(again.kind === "history" && again.history.commands).toHaveLength(2);
  });

  test("that are one kernel never differ in a small space", async () => {
    const { compared } = await diff("gather-2.6.28", "gather-2.6.39", { scope: "pages=2,tables=0,batch=1" });
    expect(compared.difference).toBeUndefined();
    expect(compared.visited[0]?.ended).toBe("fixpoint");
  });

  test("of no common architecture are refused", async () => {
    const line = refusal(diff("gather-3.1-s390", "gather-3.1-ppc64", { scope: "pages=1" }));
    expect(await line).toMatch(/run on no common architecture$/);
  });
});

test("A protocol is explored up to its first violation, and whole on request", async () => {
  const ends = [{}, { whole: true }].map(async (options) => {
    const { result, reports } = await explore("take-all-2.6.27-rc1", options);
    return [result.ended, result.states, reports.map(({ law }) => law)];
  });
  expect(await Promise.all(ends)).toEqual([
    ["break", 207, ["few-locks-without-preemption"]],
    ["fixpoint", 245, ["few-locks-without-preemption", "no-deadlock"]],
  ]);
});

describe("an exploration of a gather", () => {
  test("reaches its fixpoint, and a law that is violated has a shortest history", async () => {
    const { result, reports } = await explore("gather-3.1", { scope: "pages=2,tables=0,cpus=1" });
    expect(result.ended).toBe("fixpoint");
    const found = reports.find(({ law }) => law === "page-after-flush");
    expect(found?.history).toHaveLength(2);
    const again = await replay(write("explored.json", found?.file as string));
    expect(again.kind === "history" && again.violations[0]?.law).toBe("page-after-flush");
  });

  test.each([
    ["pages=9", /pages \(.*\) is from 1 to 4, not 9$/],
    ["frames=1", /touch=1 is expected$/],
    ["block=2", /--scope of gather-3\.1 takes pages=N,.*, not "block=2"$/],
  ])("in a scope that cannot be is refused: %s", async (scope, line) => {
    expect(await refusal(explore("gather-3.1", { scope }))).toMatch(line);
  });
});
