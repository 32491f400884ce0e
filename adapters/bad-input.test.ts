import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readHistory } from "./history-file.ts";
import { InputError } from "./input-error.ts";
import { readRecording } from "./recording.ts";

const folder = mkdtempSync(join(tmpdir(), "vmapcheck-"));
let files = 0;

function fileOf(contents: string | Buffer, ending = ".jsonl"): string {
  const path = join(folder, `${files++}${ending}`);
  writeFileSync(path, contents);
  return path;
}

/** The one line a person sees for a recording with this text. */
async function complaint(contents: string | Buffer, ending?: string): Promise<string> {
  const path = fileOf(contents, ending);
  return complaintOf(async () => {
    for await (const _ of readRecording(path));
  }, path);
}

async function complaintOf(read: () => Promise<unknown>, path: string): Promise<string> {
  try {
    await read();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    const { message } = error as InputError;
    expect(message).not.toContain("\n");
    return message.replace(path, "FILE");
  }
  return "no complaint";
}

const CONFIG = {
  cpus: 2,
  vmalloc_start: "0x1000",
  vmalloc_end: "0x100000",
  lazy_max_pages: null,
  lazy_max_pages_effective: 16384,
  bbmap_bits: 128,
};
const ALLOC = { op: "alloc_vmap_area", size: "0x1000", align: "0x1000", vstart: "0x1000", vend: "0x9000" };
const PLACED = { addr: "0x1000", flush: [], pte_set: 0, pte_clr: 0 };
const DONE = { ok: true, flush: [], pte_set: 0, pte_clr: 0 };

const trace = (ops: unknown, more: object = {}): string =>
  JSON.stringify({ version: "3.16", class: "short", seed: 0, config: CONFIG, ops, ...more });

describe("a good trace", () => {
  test("is read, gzipped or plain, and told apart by its first bytes", async () => {
    const text = trace([[ALLOC, PLACED]]);
    expect(await complaint(text)).toBe("no complaint");
    expect(await complaint(gzipSync(text), ".jsonl.gz")).toBe("no complaint");
    expect(await complaint(gzipSync(text), ".jsonl")).toBe("no complaint");
  });
});

describe("a recording is refused in one line that says where and what would be right", () => {
  const second = (line: string) => `${trace([[ALLOC, PLACED]])}\n${line}\n`;
  const cases: [what: string, contents: string | Buffer, ending: string, complaint: RegExp][] = [
    ["that is empty", "", ".jsonl", /^FILE: holds no trace: one JSON object a line was expected/],
    [
      "that is cut off",
      second(trace([[ALLOC, PLACED]]).slice(0, 90)),
      ".jsonl",
      /^FILE:2: is not a JSON object \(truncated\?\)/,
    ],
    [
      "whose gzip data is cut off",
      gzipSync(trace([[ALLOC, PLACED]])).subarray(0, 80),
      ".jsonl.gz",
      /^FILE:1: cannot be read on from here: unexpected end of file/,
    ],
    ["whose gzip data is damaged", damaged(), ".jsonl.gz", /^FILE:\d+: cannot be read on from here/],
    ["that is not gzip though its name says so", "{}", ".jsonl.gz", /^FILE: is not gzip data/],
    ["that is not JSON", second("hello"), ".jsonl", /^FILE:2: is not a JSON object/],
    ["that is a JSON list", second("[1,2]"), ".jsonl", /^FILE:2: .*expected object/],
    [
      "of an unknown label",
      trace([], { version: "9.9" }),
      ".jsonl",
      /^FILE:1: version: no kernel here is called "9.9"; known are 2\.6\.27, /,
    ],
    [
      "with an unknown field",
      trace([[{ ...ALLOC, colour: 1 }, PLACED]]),
      ".jsonl",
      /^FILE:1: ops\[0\]\[0\]: Unrecognized key: "colour"/,
    ],
    [
      "with an unknown reply field",
      trace([[ALLOC, { ...PLACED, colour: 1 }]]),
      ".jsonl",
      /^FILE:1: ops\[0\]\[1\]: Unrecognized key: "colour"/,
    ],
    [
      "with an unknown command",
      trace([[{ op: "vm_dance" }, DONE]]),
      ".jsonl",
      /^FILE:1: ops\[0\]\[0\]\.op: Invalid/,
    ],
    [
      "with an address beyond 64 bits",
      trace([[{ ...ALLOC, vstart: "0x10000000000001000" }, PLACED]]),
      ".jsonl",
      /^FILE:1: ops\[0\]\[0\]\.vstart: expected a hex string of at most 64 bits/,
    ],
    [
      "with a size that is not pages",
      trace([[{ ...ALLOC, size: "0x1001" }, PLACED]]),
      ".jsonl",
      /^FILE:1: ops\[0\]\[0\]\.size: expected a multiple of the page size, 0x1000/,
    ],
    [
      "with a size of nothing",
      trace([[{ ...ALLOC, size: "0x0" }, PLACED]]),
      ".jsonl",
      /^FILE:1: ops\[0\]\[0\]\.size: expected a size of at least one page/,
    ],
    [
      "with an alignment that is no power of two",
      trace([[{ ...ALLOC, align: "0x3000" }, PLACED]]),
      ".jsonl",
      /^FILE:1: ops\[0\]\[0\]\.align: expected a power of two/,
    ],
    [
      "with a number for an address",
      trace([[{ ...ALLOC, vend: 4096 }, PLACED]]),
      ".jsonl",
      /^FILE:1: ops\[0\]\[0\]\.vend: expected a hex string/,
    ],
    [
      "that frees what was never allocated",
      trace([[{ op: "free_area", addr: "0x5000" }, DONE]]),
      ".jsonl",
      /^FILE:1: ops\[0\]\[0\]\.addr: frees what no earlier reply gave out/,
    ],
    [
      "that frees twice",
      trace([
        [ALLOC, PLACED],
        [{ op: "free_area", addr: "0x1000" }, DONE],
        [{ op: "free_area", addr: "0x1000" }, DONE],
      ]),
      ".jsonl",
      /^FILE:1: ops\[2\]\[0\]\.addr: frees what no earlier/,
    ],
    [
      "that goes on after a bug",
      trace([
        [ALLOC, { bug: "BUG()", flush: [], pte_set: 0, pte_clr: 0 }],
        [ALLOC, PLACED],
      ]),
      ".jsonl",
      /^FILE:1: ops\[0\]\[1\]\.bug: a trace ends where the kernel stopped/,
    ],
    [
      "with two results in a reply",
      trace([[ALLOC, { ...PLACED, ok: true }]]),
      ".jsonl",
      /^FILE:1: ops\[0\]\[1\]: expected exactly one of addr, ok, err, hit, bug/,
    ],
    [
      "with a CPU that is not there",
      trace([
        [
          { op: "touch", cpu: 2, addr: "0x1000" },
          { hit: false, pfn: null, flush: [], pte_set: 0, pte_clr: 0 },
        ],
      ]),
      ".jsonl",
      /^FILE:1: ops\[0\]\[0\]\.cpu: CPU 2, but config\.cpus is 2/,
    ],
    [
      "with no CPU at all",
      trace([], { config: { ...CONFIG, cpus: 0 } }),
      ".jsonl",
      /^FILE:1: config\.cpus: /,
    ],
    ["that is nested a hundred thousand deep", "[".repeat(100_000), ".jsonl", /^FILE:1: /],
  ];

  test.each(cases)("%s", async (_what, contents, ending, expected) => {
    expect(await complaint(contents, ending)).toMatch(expected);
  });

  function damaged(): Buffer {
    const zipped = gzipSync(trace(Array.from({ length: 200 }, () => [ALLOC, PLACED])));
    zipped.fill(0xff, 40, 60);
    return zipped;
  }

  test("that is not there, or is a folder", async () => {
    const missing = join(folder, "missing.jsonl");
    const read = (path: string) => async () => {
      for await (const _ of readRecording(path));
    };
    expect(await complaintOf(read(missing), missing)).toMatch(/^FILE: cannot be read: ENOENT/);
    expect(await complaintOf(read(folder), folder)).toMatch(/^FILE.*EISDIR/);
  });
});

describe("a recording of small maps is refused", () => {
  const MAP = { op: "vm_map_ram", cpu: 0, count: 2 };
  const MAPPED = { addr: "0x80000", flush: [], pte_set: 2, pte_clr: 0 };
  const UNMAP = { op: "vm_unmap_ram", cpu: 0, addr: "0x80000", count: 2 };
  const UNMAPPED = { ...DONE, pte_clr: 2 };
  const RANGE = { dirty_min: 128, dirty_max: 0 };
  const BLOCK = { addr: "0x80000", free: 126, dirty: 0, on_free_list: 0, ...RANGE };
  const RUNS = { ...BLOCK, cpu: 0, dirty_runs: [], dirty_min: undefined, dirty_max: undefined };
  const DUMP = { areas: [["0x80000", "0x100000", 0, 0]], lazy_nr: 0, free_lists: [["0x80000"], []] };
  const good = [
    [MAP, { ...MAPPED, ...DUMP, blocks: [BLOCK] }],
    [UNMAP, { ...UNMAPPED, ...DUMP, blocks: [RUNS] }],
  ];

  const maps = (more: object) => trace([[{ ...MAP, ...more }, MAPPED]]);
  const unmaps = (more: object) => trace([...good.slice(0, 1), [{ ...UNMAP, ...more }, UNMAPPED]]);
  const dumps = (more: object) => trace([[MAP, { ...MAPPED, ...DUMP, ...more }]]);
  const blocks = (more: object) => dumps({ blocks: [{ ...BLOCK, ...more }] });
  const configured = (bits: unknown) => trace(good, { config: { ...CONFIG, bbmap_bits: bits } });
  const refusesCpu = (part: string) => new RegExp(`^FILE:1: ops${part}\\.cpu: .*expected number`);
  const inBlock = (field: string, says: string) =>
    new RegExp(`^FILE:1: ops\\[0\\]\\[1\\]\\.blocks\\[0\\]${field}: ${says}`);
  const EITHER = "expected either dirty_runs, or dirty_min and dirty_max";

  const cases: [what: string, contents: string, complaint: RegExp][] = [
    ["that map on no CPU", maps({ cpu: undefined }), refusesCpu("\\[0\\]\\[0\\]")],
    [
      "that map on a CPU that is not there",
      maps({ cpu: 2 }),
      /^FILE:1: ops\[0\]\[0\]\.cpu: CPU 2, but config\.cpus is 2/,
    ],
    ["that map on a CPU that no machine has", maps({ cpu: 4096 }), /\.cpu: .*expected number to be <=4095/],
    ["that unmap on no CPU", unmaps({ cpu: undefined }), refusesCpu("\\[1\\]\\[0\\]")],
    ["that unmap on a CPU that is not there", unmaps({ cpu: 7 }), /^FILE:1: ops\[1\]\[0\]\.cpu: CPU 7, but/],
    [
      "of no page",
      maps({ count: 0 }),
      /^FILE:1: ops\[0\]\[0\]\.count: expected a count of at least one page/,
    ],
    ["of fewer", maps({ count: -1 }), /^FILE:1: ops\[0\]\[0\]\.count: expected a count of at least one page/],
    ["of half a page", maps({ count: 1.5 }), /^FILE:1: ops\[0\]\[0\]\.count: .*expected int/],
    [
      "of more pages than there can be",
      maps({ count: 2 ** 41 }),
      /^FILE:1: ops\[0\]\[0\]\.count: expected a count of at most 1048576 pages/,
    ],
    ["of a count as text", maps({ count: "0x2" }), /^FILE:1: ops\[0\]\[0\]\.count: .*expected number/],
    [
      "with an address that map does not have",
      maps({ addr: "0x1000" }),
      /^FILE:1: ops\[0\]\[0\]: Unrecognized key: "addr"/,
    ],
    [
      "unmapped from no page",
      unmaps({ addr: "0x80800" }),
      /^FILE:1: ops\[1\]\[0\]\.addr: expected a multiple of the page size, 0x1000/,
    ],
    [
      "unmapped of no page",
      unmaps({ count: 0 }),
      /^FILE:1: ops\[1\]\[0\]\.count: expected a count of at least one page/,
    ],
    [
      "unmapped with no count",
      unmaps({ count: undefined }),
      /^FILE:1: ops\[1\]\[0\]\.count: .*expected number/,
    ],
    [
      "unmapped where nothing is held",
      unmaps({ addr: "0x81000" }),
      /^FILE:1: ops\[1\]\[0\]\.addr: unmaps what no earlier reply gave out/,
    ],
    [
      "unmapped with another count",
      unmaps({ count: 1 }),
      /^FILE:1: ops\[1\]\[0\]\.count: 1, but the map there has another count/,
    ],
    [
      "unmapped twice",
      trace([...good, [UNMAP, UNMAPPED]]),
      /^FILE:1: ops\[2\]\[0\]\.addr: unmaps what no earlier reply gave out, or what is free already/,
    ],
    [
      "freed as an area",
      trace([...good.slice(0, 1), [{ op: "free_area", addr: "0x80000" }, DONE]]),
      /^FILE:1: ops\[1\]\[0\]\.addr: frees what no earlier reply gave out/,
    ],
    [
      "unmapped after a refusal",
      trace([
        [MAP, { err: "NULL", flush: [], pte_set: 0, pte_clr: 0 }],
        [UNMAP, UNMAPPED],
      ]),
      /^FILE:1: ops\[1\]\[0\]\.addr: unmaps what no earlier/,
    ],
    [
      "with a block that has no address",
      blocks({ addr: undefined }),
      inBlock("\\.addr", "expected a hex string"),
    ],
    [
      "with a block that does not say what is free",
      blocks({ free: undefined }),
      inBlock("\\.free", ".*expected number"),
    ],
    ["with a block of fewer than no dirty pages", blocks({ dirty: -1 }), inBlock("\\.dirty", ".*>=0")],
    [
      "with a block that does not say whether it is listed",
      blocks({ on_free_list: undefined }),
      inBlock("\\.on_free_list", "expected a CPU, or null for no list"),
    ],
    [
      "with a block on a list called so",
      blocks({ on_free_list: "0" }),
      inBlock("\\.on_free_list", "expected a CPU, or null for no list"),
    ],
    [
      "with a block that is listed, but not on which CPU",
      blocks({ on_free_list: true }),
      inBlock("\\.on_free_list", "expected a CPU, or null for no list"),
    ],
    ["with dirty runs and a dirty range", blocks({ dirty_runs: [] }), inBlock("", EITHER)],
    ["with half a dirty range", blocks({ dirty_max: undefined }), inBlock("", EITHER)],
    [
      "with dirty runs and half a range",
      blocks({ dirty_runs: [], dirty_min: undefined }),
      inBlock("", EITHER),
    ],
    ["with neither", blocks({ dirty_min: undefined, dirty_max: undefined }), inBlock("", EITHER)],
    [
      "with a dirty run without an end",
      dumps({ blocks: [{ ...RUNS, dirty_runs: [[1]] }] }),
      inBlock("\\.dirty_runs\\[0\\]", ".*>=2 items"),
    ],
    ["with an unknown field of a block", blocks({ colour: 1 }), inBlock("", 'Unrecognized key: "colour"')],
    [
      "with blocks that are no list",
      dumps({ blocks: {} }),
      /^FILE:1: ops\[0\]\[1\]\.blocks: .*expected array/,
    ],
    [
      "with one list for all CPUs",
      dumps({ free_lists: ["0x80000"] }),
      /^FILE:1: ops\[0\]\[1\]\.free_lists\[0\]: .*expected array/,
    ],
    [
      "with a list of numbers",
      dumps({ free_lists: [[1], []] }),
      /^FILE:1: ops\[0\]\[1\]\.free_lists\[0\]\[0\]: expected a hex string/,
    ],
    [
      "with a list of no page's address",
      dumps({ free_lists: [["0x80001"], []] }),
      /free_lists\[0\]\[0\]: expected a multiple of the page size/,
    ],
    [
      "with blocks of no power of two",
      configured(96),
      /^FILE:1: config\.bbmap_bits: expected a power of two from 128 on, or 0 for no blocks/,
    ],
    [
      "with blocks larger than any",
      configured(2048),
      /^FILE:1: config\.bbmap_bits: .*expected number to be <=1024/,
    ],
    ["with blocks of half a page", configured(0.5), /^FILE:1: config\.bbmap_bits: .*expected int/],
    [
      "with no blocks at all",
      configured(0),
      /^FILE:1: ops\[0\]\[0\]\.op: maps through a block, but config\.bbmap_bits is 0/,
    ],
    [
      "that does not say how large a block is",
      configured(undefined),
      /^FILE:1: config\.bbmap_bits: .*expected number/,
    ],
  ];

  test.each(cases)("%s", async (_what, contents, expected) => {
    expect(await complaint(contents)).toMatch(expected);
  });

  test("and a good one is read: blocks with runs, with a range, on a list and on none", async () => {
    expect(await complaint(trace(good))).toBe("no complaint");
    expect(await complaint(blocks({ on_free_list: null }))).toBe("no complaint");
    expect(await complaint(configured(1024))).toBe("no complaint");
    expect(await complaint(trace([[ALLOC, PLACED]], { config: { ...CONFIG, bbmap_bits: 0 } }))).toBe(
      "no complaint",
    );
  });
});

describe("a history is refused in one line", () => {
  const good = {
    vmapcheck: 1,
    kernel: "3.16",
    law: "lowest-fit",
    scope: { wordPages: 64, cpus: 1, lazyMaxPages: null },
    commands: [{ op: "alloc", size: 1, align: 4096, vstart: 1, vend: 9 }],
  };
  const [alloc] = good.commands;
  const cases: [what: string, contents: unknown, complaint: RegExp][] = [
    ["of another version of the format", { ...good, vmapcheck: 2 }, /^FILE: vmapcheck: expected 1/],
    ["with no commands", { ...good, commands: [] }, /^FILE: commands: /],
    ["with an unknown command", { ...good, commands: [{ op: "dance" }] }, /^FILE: commands\[0\]\.op: /],
    [
      "with an unknown field",
      { ...good, commands: [{ ...alloc, colour: 1 }] },
      /^FILE: commands\[0\]: Unrecognized key/,
    ],
    [
      "with a page beyond its space",
      { ...good, commands: [{ ...alloc, vend: 64 }] },
      /^FILE: commands\[0\]\.vend: expected at most 63/,
    ],
    [
      "with a size of nothing",
      { ...good, commands: [{ ...alloc, size: 0 }] },
      /^FILE: commands\[0\]\.size: /,
    ],
    [
      "with an alignment that is no power of two",
      { ...good, commands: [{ ...alloc, align: 12288 }] },
      /^FILE: commands\[0\]\.align: expected a power of two/,
    ],
    [
      "that frees what comes later",
      { ...good, commands: [{ op: "free", area: 1 }, alloc] },
      /^FILE: commands\[0\]\.area: expected the index, from 0, of an earlier alloc/,
    ],
    [
      "that frees what was no allocation",
      { ...good, commands: [alloc, { op: "purge" }, { op: "free", area: 1 }] },
      /^FILE: commands\[2\]\.area: /,
    ],
    [
      "that touches from a CPU that is not there",
      { ...good, commands: [alloc, { op: "touch", cpu: 1, area: 0, page: 0 }] },
      /^FILE: commands\[1\]\.cpu: expected a CPU below 1/,
    ],
    [
      "in a space of no power of two",
      { ...good, scope: { ...good.scope, wordPages: 63 } },
      /^FILE: scope\.wordPages: expected a power of two/,
    ],
  ];

  test.each(cases)("%s", async (_what, contents, expected) => {
    const path = fileOf(JSON.stringify(contents), ".json");
    expect(await complaintOf(() => readHistory(path), path)).toMatch(expected);
  });

  test("that is not JSON, with the line", async () => {
    const path = fileOf('{\n  "vmapcheck": 1,\n  oops\n}\n', ".json");
    expect(await complaintOf(() => readHistory(path), path)).toMatch(/^FILE:3: is not JSON/);
  });

  describe("of small maps, pins and the boot", () => {
    const blocks = { vstart: 8, vend: 40, blockPages: 8, bitsPerLong: 4 };
    const scope = { ...good.scope, cpus: 2, blocks };
    const map = { op: "mapRam", cpu: 0, count: 2 };
    const small = { ...good, scope, commands: [map] };
    const withBlocks = (more: object) => ({ ...small, scope: { ...scope, blocks: { ...blocks, ...more } } });
    const says = (field: string, what: string) => new RegExp(`^FILE: ${field}: ${what}`);
    const playing = (...commands: readonly object[]) => ({ ...small, commands });
    const AT = "commands\\[0\\]";
    const AFTER = "commands\\[1\\]";
    const earlier = (kind: string) => `expected the index, from 0, of an earlier ${kind} in this history`;

    const cases: [what: string, contents: unknown, complaint: RegExp][] = [
      [
        "whose scope has no blocks",
        { ...small, scope: good.scope },
        says(`${AT}\\.op`, "expected scope\\.blocks, which says how"),
      ],
      [
        "whose window is empty",
        withBlocks({ vstart: 40 }),
        says("scope\\.blocks\\.vstart", "expected a window that begins before vend, 40"),
      ],
      [
        "whose window lies beyond the space",
        withBlocks({ vend: 64 }),
        says("scope\\.blocks\\.vend", "expected at most 63: scope\\.wordPages is 64"),
      ],
      [
        "whose window has no end",
        withBlocks({ vend: undefined }),
        says("scope\\.blocks\\.vend", ".*expected number"),
      ],
      [
        "in blocks of no power of two",
        withBlocks({ blockPages: 12 }),
        says("scope\\.blocks\\.blockPages", "expected a power of two"),
      ],
      [
        "in blocks larger than any",
        withBlocks({ blockPages: 2048 }),
        says("scope\\.blocks\\.blockPages", ".*<=1024"),
      ],
      ["in blocks of no page", withBlocks({ blockPages: 0 }), says("scope\\.blocks\\.blockPages", ".*>=1")],
      [
        "in blocks larger than the space",
        withBlocks({ blockPages: 128 }),
        says("scope\\.blocks\\.blockPages", "expected a block no larger than the space"),
      ],
      [
        "with a word of no power of two",
        withBlocks({ bitsPerLong: 3 }),
        says("scope\\.blocks\\.bitsPerLong", "expected a power of two"),
      ],
      [
        "with a word of more than 64 bits",
        withBlocks({ bitsPerLong: 128 }),
        says("scope\\.blocks\\.bitsPerLong", ".*<=64"),
      ],
      [
        "with a word larger than a block",
        withBlocks({ bitsPerLong: 16 }),
        says("scope\\.blocks\\.bitsPerLong", "expected at most"),
      ],
      [
        "with an unknown field of blocks",
        withBlocks({ colour: 1 }),
        says("scope\\.blocks", 'Unrecognized key: "colour"'),
      ],
      ["of half a page", playing({ ...map, count: 0.5 }), says(`${AT}\\.count`, ".*expected int")],
      ["of fewer than no page", playing({ ...map, count: -1 }), says(`${AT}\\.count`, ".*>=0")],
      [
        "of more pages than the space",
        playing({ ...map, count: 65 }),
        says(`${AT}\\.count`, "expected at most 64 pages"),
      ],
      [
        "of more pages than are mapped one by one",
        { ...playing({ ...map, count: 2 ** 30 }), scope: { ...scope, wordPages: 2 ** 40 } },
        says(`${AT}\\.count`, "expected at most 1048576 pages"),
      ],
      [
        "read beyond its end",
        playing(map, { op: "touch", cpu: 0, area: 0, page: 2 }),
        says(`${AFTER}\\.page`, "expected a page below 2"),
      ],
      [
        "before vmalloc_init",
        { ...playing({ op: "unmapAliases" }, map), scope: { ...scope, beforeInit: true } },
        says(`${AFTER}\\.op`, "expected init before it"),
      ],
      ["of a law that is none", { ...small, law: "no-alias" }, says("law", "expected the id of a law")],
      ["on no CPU", playing({ ...map, cpu: undefined }), says(`${AT}\\.cpu`, ".*expected number")],
      [
        "on a CPU that is not there",
        playing({ ...map, cpu: 2 }),
        says(`${AT}\\.cpu`, "expected a CPU below 2, which is scope\\.cpus"),
      ],
      ["on CPU -1", playing({ ...map, cpu: -1 }), says(`${AT}\\.cpu`, ".*>=0")],
      [
        "let go on a CPU that is not there",
        playing(map, { op: "unmapRam", cpu: 9, area: 0 }),
        says(`${AFTER}\\.cpu`, "expected a CPU below 2"),
      ],
      [
        "let go before they are asked for",
        playing({ op: "unmapRam", cpu: 0, area: 1 }, map),
        says(`${AT}\\.area`, earlier("mapRam")),
      ],
      [
        "let go by themselves",
        playing(map, { op: "unmapRam", cpu: 0, area: 1 }),
        says(`${AFTER}\\.area`, earlier("mapRam")),
      ],
      [
        "let go that are areas",
        playing(alloc as object, { op: "unmapRam", cpu: 0, area: 0 }),
        says(`${AFTER}\\.area`, earlier("mapRam")),
      ],
      ["freed as areas", playing(map, { op: "free", area: 0 }), says(`${AFTER}\\.area`, earlier("alloc"))],
      ["unpinned", playing(map, { op: "unpin", area: 0 }), says(`${AFTER}\\.area`, earlier("pin"))],
      [
        "and unpins what is pinned later",
        playing({ op: "unpin", area: 1 }, { op: "pin" }),
        says(`${AT}\\.area`, earlier("pin")),
      ],
      [
        "and unpins half a command",
        playing({ op: "pin" }, { op: "unpin", area: 0.5 }),
        says(`${AFTER}\\.area`, ".*expected int"),
      ],
      [
        "and touches a pin",
        playing({ op: "pin" }, { op: "touch", cpu: 0, area: 0, page: 0 }),
        says(`${AFTER}\\.area`, earlier("alloc or mapRam")),
      ],
      [
        "written to by a false write",
        playing(map, { op: "touch", cpu: 0, area: 0, page: 0, write: false }),
        says(`${AFTER}\\.write`, ".*expected true"),
      ],
      ["pinned on a CPU", playing({ op: "pin", cpu: 0 }), says(AT, 'Unrecognized key: "cpu"')],
      [
        "before a boot that is not",
        { ...small, scope: { ...scope, beforeInit: false } },
        says("scope\\.beforeInit", ".*expected true"),
      ],
    ];

    test.each(cases)("%s", async (_what, contents, expected) => {
      const path = fileOf(JSON.stringify(contents), ".json");
      expect(await complaintOf(() => readHistory(path), path)).toMatch(expected);
    });

    test("and a good one is read, with its blocks and its boot", async () => {
      const commands = [{ op: "init" }, map, { op: "pin" }, { op: "unpin", area: 2 }];
      const contents = { ...small, scope: { ...scope, beforeInit: true }, commands };
      const read = await readHistory(fileOf(JSON.stringify(contents), ".json"));
      expect(read.commands).toEqual(commands);
      const { vmalloc, blockPages, bitsPerLong, beforeInit, counts } = read.scope;
      expect({ ...vmalloc, blockPages, bitsPerLong }).toEqual(blocks);
      expect([beforeInit, counts]).toEqual([true, [2]]);
    });
  });

  test("and a good one is read", async () => {
    const { commands } = await readHistory(fileOf(JSON.stringify(good), ".json"));
    expect(commands).toEqual([{ ...alloc, map: false }]);
  });
});
