/** The texts in which a kernel's log comes, and what is refused of them. */
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { LogEvent } from "../../../spec/vmap/log.ts";
import { complaintOf, fileOf } from "../../complaints.testing.ts";
import { Log } from "./log.ts";

const ALLOC =
  "alloc_vmap_area: va_start: 18446697363798917120 size=20480 align=16384 vstart=0xffffd58480000000 vend=0xfffff5847fffffff failed=0";
const FREE = "free_vmap_area_noflush: va_start=0xffffd10cc0254000 nr_lazy=5 nr_lazy_max=24576";
const RETURN =
  "k_alloc_ret: (__get_vm_area_node+0xcc/0x130 <- alloc_vmap_area) va=0xffff8bb547d58048 start=0xffffd584805e8000 end=0xffffd584805ed000";
const line = (body: string, time = "22.985858", cpu = "003") =>
  `        modprobe-1436    [${cpu}] .....    ${time}: ${body}`;

async function read(text: string | Buffer): Promise<readonly LogEvent[]> {
  const events: LogEvent[] = [];
  for await (const event of new Log(fileOf(text, ".txt")).events()) events.push(event);
  return events;
}

async function complaint(text: string | Buffer, ending = ".txt"): Promise<string> {
  const path = fileOf(text, ending);
  return complaintOf(async () => {
    for await (const _ of new Log(path).events());
  }, path);
}

describe("an allocation", () => {
  const expected = {
    kind: "allocated",
    start: 0xffffd58483d2c,
    size: 5,
    align: 16384,
    vstart: 0xffffd58480000,
    vend: 0xfffff5847ffff,
    failed: false,
    time: 22985858,
    cpu: 3,
    task: 1436,
    name: "modprobe",
  };

  test.each([
    ["ftrace", `        modprobe-1436    [003] d..1.    22.985858: ${ALLOC}`],
    ["ftrace without flags", `        modprobe-1436  [003]    22.985858: ${ALLOC}`],
    [
      "ftrace with groups of threads",
      `        modprobe-1436    (   1436) [003] .....    22.985858: ${ALLOC}`,
    ],
    ["trace-cmd report", `modprobe-1436  [003]    22.985858: alloc_vmap_area:      ${ALLOC.slice(17)}`],
    ["perf script", `modprobe  1436 [003]    22.985858: vmalloc:${ALLOC}`],
    ["perf script with a thread", `modprobe  77/1436 [003]    22.985858:          vmalloc:${ALLOC}`],
    ["ftrace with nanoseconds", `modprobe-1436 [003] .....    22.985858000: ${ALLOC}`],
    [
      "lines that end as on another system",
      `# tracer: nop\r\nmodprobe-1436 [003] ..... 22.985858: ${ALLOC}\r`,
    ],
  ])("An allocation is read from the text of %s", async (_what, text) => {
    const [event] = await read(`${text}\n`);
    expect(event).toMatchObject({ ...expected, start: Number(18446697363798917120n >> 12n) });
  });

  test("An allocation is read from a gzipped log, whatever its name", async () => {
    expect(await read(gzipSync(`${line(ALLOC)}\n`))).toHaveLength(1);
  });

  test("A count of a clock is a time too", async () => {
    const [event] = await read(`init-1  [000] .....            3: ${ALLOC}\n`);
    expect(event).toMatchObject({ time: 3 });
  });

  test("The name of a task may have slashes, colons and dashes", async () => {
    const [event] = await read(`  kworker/u2:1-my-22      [000] .....     1.534966: ${FREE}\n`);
    expect(event).toMatchObject({ name: "kworker/u2:1-my", task: 22, kind: "freed", lazyPages: 5 });
  });

  test("An address inside a page is no whole page", async () => {
    const [event] = await read(`${line(ALLOC.replace("917120", "917121"))}\n`);
    expect(Number.isInteger((event as { readonly start: number }).start)).toBe(false);
  });
});

test("An error in place of an area is a refusal, whatever stands where its addresses would be", async () => {
  const failed =
    "k_alloc_ret: (f+0x8c/0x120 <- alloc_vmap_area) va=0xfffffff0 start=0xc443c500 end=0xc443c500";
  expect(await read(`${line(failed)}\n${line(RETURN)}\n`)).toMatchObject([
    { failed: true },
    { failed: false },
  ]);
});

test.each([
  ["CPU:1 [LOST 168 EVENTS]", 168],
  ["CPU:1 [LOST EVENTS]", undefined],
  ["CPU:1 [168 EVENTS DROPPED]", 168],
  ["##### CPU 1 buffer started ####", undefined],
])("Lost events are read from %s", async (text, events) => {
  const all = await read(`${line(ALLOC)}\n${text}\n${line(FREE)}\n`);
  expect(all[1]).toMatchObject({ kind: "lost", cpu: 1, events });
});

test("An event that is a little earlier than the one before it is as good as a loss on all CPUs", async () => {
  const all = await read(`${line(ALLOC)}\n${line(FREE, "22.985800")}\n`);
  expect(all.map(({ kind }) => kind)).toEqual(["allocated", "lost", "freed"]);
});

test("Events of other subsystems and backtraces are passed over", async () => {
  const log = new Log(
    fileOf(`${line("sched_switch: prev=a")}\n => __vmalloc_node\n${line(ALLOC)}\n`, ".txt"),
  );
  for await (const _ of log.events());
  expect(log.counts).toEqual({ events: 1, others: 1, strange: 1 });
});

describe("what is no log", () => {
  test.each<[string, string | Buffer, RegExp]>([
    [
      "a binary trace.dat",
      Buffer.from("\x17\x08\x44tracing6\0"),
      /^FILE: is a binary trace\.dat: `trace-cmd report/,
    ],
    ["a binary perf.data", Buffer.from("PERFILE2abc"), /^FILE: is a binary perf\.data: `perf script/],
    ["xz data", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1]), /xz -dk FILE` unpacks it/],
    ["zstd data", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 1]), /zstd -d FILE` unpacks it/],
    ["an empty file", "", /^FILE: has no events/],
    ["a head alone", "# tracer: nop\n#\n", /^FILE: has no events/],
    [
      "another tracer, by its head",
      "# tracer: function\n#\n",
      /^FILE: is of the tracer function: nop was expected/,
    ],
    ["the text of the function tracer", `${line("_raw_spin_lock <-foo")}\n`, /^FILE:1: is no event of a log/],
    ["a log without vmalloc", `${line("sched_switch: a")}\n`, /^FILE: has 1 events, and none of vmalloc/],
    ["a JSON document", '{"a": 1}\n', /^FILE:1: is no event of a log/],
    [
      "mixed clocks",
      `${line(ALLOC)}\n${line(ALLOC, "22985859")}\n`,
      /^FILE:2: its time is a count, that of the lines before in seconds/,
    ],
    [
      "two logs in one file",
      `${line(ALLOC)}\n${line(ALLOC, "3.000000")}\n`,
      /^FILE:2: is earlier than the line before it/,
    ],
    [
      "a field that is missing",
      `${line(ALLOC.replace("size=", "sise="))}\n`,
      /^FILE:1: alloc_vmap_area without size, an address/,
    ],
    [
      "a field that is no number",
      `${line(FREE.replace("=5", "=x"))}\n`,
      /^FILE:1: free_vmap_area_noflush without nr_lazy, a number/,
    ],
    [
      "a line without end",
      `${line(ALLOC)}\n${"a".repeat(2 ** 20 + 1)}`,
      /^FILE:2: is longer than 1048576 characters: one event a line/,
    ],
    ["bytes of no text", `${line(ALLOC)}\n${line(FREE)}\0\n`, /^FILE:2: has bytes that no text has/],
    [
      "truncated gzip data",
      gzipSync(`${line(ALLOC)}\n`.repeat(100)).subarray(0, 60),
      /^FILE:\d+: cannot be read on from here/,
    ],
    ["a name that promises gzip", `${line(ALLOC)}\n`, /is not gzip data, though its name says so/],
  ])("It is refused in one line: %s", async (what, text, says) => {
    expect(await complaint(text, what === "a name that promises gzip" ? ".gz" : ".txt")).toMatch(says);
  });
});
