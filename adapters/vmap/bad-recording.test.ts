import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { WORD64 } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import {
  ALLOC,
  CONFIG,
  complaint,
  complaintOf,
  DONE,
  fileOf,
  folder,
  PLACED,
  trace,
} from "../complaints.testing.ts";
import { promisesOf, readRecording } from "./recording.ts";

const NONE = { flush: [], pte_set: 0, pte_clr: 0 };

describe("a good trace", () => {
  test("A good trace is read, gzipped or plain, as its first bytes say", async () => {
    const text = trace([[ALLOC, PLACED]]);
    expect(await complaint(text)).toBe("no complaint");
    expect(await complaint(gzipSync(text), ".jsonl.gz")).toBe("no complaint");
    expect(await complaint(gzipSync(text), ".jsonl")).toBe("no complaint");
  });
});

describe("a call outside its domain", () => {
  test.each<[string, readonly (readonly [object, object])[]]>([
    [
      "an allocation of no page",
      [
        [
          { ...ALLOC, size: "0x0" },
          { err: "EINVAL", ...NONE },
        ],
      ],
    ],
    ["a free of what was never allocated", [[{ op: "free_area", addr: "0x5000" }, DONE]]],
    [
      "a second free, which stopped the kernel",
      [
        [ALLOC, PLACED],
        [{ op: "free_area", addr: "0x1000" }, DONE],
        [
          { op: "free_area", addr: "0x1000" },
          { bug: "BUG()", ...NONE },
        ],
      ],
    ],
  ])("is read: %s", async (_what, ops) => {
    expect(await complaint(trace(ops))).toBe("no complaint");
  });

  test("A call outside its domain is answered with a warning of its own, or an error by its name", async () => {
    const free = { op: "free_area", addr: "0x5000" };
    const ops = [
      [free, { ...DONE, ev: ["printk", "WARN no such area"] }],
      [free, { err: "EFAULT", ...NONE }],
    ];
    for await (const { exchanges } of readRecording(fileOf(trace(ops)))) {
      expect(exchanges.map(({ response }) => response)).toMatchObject([
        { kind: "done", warning: "no such area" },
        { kind: "refused" },
      ]);
    }
    expect(await complaint(trace([[free, { err: "no room", ...NONE }]]))).toMatch(
      /^FILE:1: ops\[0\]\[1\]\.err: expected the name of an error, such as "EBUSY", or "NULL"/,
    );
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
    [
      "that is an empty object",
      second("{}"),
      ".jsonl",
      /^FILE:2: the key "version" is missing: expected a string$/,
    ],
    [
      "with a reply that does not say what was flushed",
      trace([[ALLOC, { addr: "0x1000", pte_set: 0, pte_clr: 0 }]]),
      ".jsonl",
      /^FILE:1: ops\[0\]\[1\]\.flush is missing: expected a list$/,
    ],
    ["that is a JSON list", second("[1,2]"), ".jsonl", /^FILE:2: .*expected an object/],
    [
      "with an unknown field",
      trace([[{ ...ALLOC, colour: 1 }, PLACED]]),
      ".jsonl",
      /^FILE:1: ops\[0\]\[0\]: the key "colour" is not known/,
    ],
    [
      "with an unknown reply field",
      trace([[ALLOC, { ...PLACED, colour: 1 }]]),
      ".jsonl",
      /^FILE:1: ops\[0\]\[1\]: the key "colour" is not known/,
    ],
    [
      "with an unknown command",
      trace([[{ op: "vm_dance" }, DONE]]),
      ".jsonl",
      /^FILE:1: ops\[0\]\[0\]\.op: expected one of '[^']+', '/,
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
      "that continues after a bug",
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

  test.each(cases)(
    "A bad recording is refused in one line that says where and what would be right: %s",
    async (_what, contents, ending, expected) => {
      expect(await complaint(contents, ending)).toMatch(expected);
    },
  );

  function damaged(): Buffer {
    const zipped = gzipSync(trace(Array.from({ length: 200 }, () => [ALLOC, PLACED])));
    zipped.fill(0xff, 40, 60);
    return zipped;
  }

  test("A missing recording, or a folder, is refused in one line", async () => {
    const missing = join(folder, "missing.jsonl");
    const read = (path: string) => async () => {
      for await (const _ of readRecording(path));
    };
    expect(await complaintOf(read(missing), missing)).toMatch(/^FILE: there is no such file$/);
    expect(await complaintOf(read(folder), folder)).toMatch(/^FILE.*EISDIR/);
  });
});

describe("a line of an allocator that is no kernel here", () => {
  const own = (more: object, ops: unknown = []) => JSON.stringify({ version: "own", ops, ...more });
  const first = async (text: string) => {
    for await (const read of readRecording(fileOf(text))) return read;
    throw new Error("no trace");
  };

  test("A line of an own allocator needs its name and its ops, and may omit what was not done", async () => {
    const { addr } = PLACED;
    const { align: _page, ...alloc } = ALLOC;
    const { exchanges, scope, seed, promises } = await first(own({ promises: {} }, [[alloc, { addr }]]));
    expect({ cpus: scope.cpus, seed, limit: scope.lazyMaxPages }).toEqual({
      cpus: 1,
      seed: 0,
      limit: WORD64,
    });
    expect(exchanges[0]?.command).toMatchObject({ op: "alloc", align: PAGE_SIZE });
    expect(exchanges[0]?.response).toMatchObject({ kind: "placed", flushes: [], pteSet: 0, pteCleared: 0 });
    expect(promises?.laws).not.toContain("lowest-fit");
  });

  test("A line of an own allocator promises what it says", async () => {
    const said = { guard: { inside: 1 }, frees: "eager", placement: "lowest-fit" };
    const { promises } = await first(own({ promises: said }));
    expect(promises).toMatchObject({ guard: { inside: 1, afterArea: 0, beforeNext: 0 }, freesLazily: false });
    expect(promises?.laws).toEqual(
      expect.arrayContaining(["no-overlap", "lowest-fit", "unmapped-means-no-pte"]),
    );
    expect(promises?.laws).not.toContain("purge-only-when-full");
    expect((await first(own({ promises: ["no-overlap"] }))).promises?.laws).toEqual(["no-overlap"]);
    const more = { frees: "lazy", also: ["unmapped-means-no-pte"] };
    expect((await first(own({ promises: more }))).promises?.laws).toEqual(
      expect.arrayContaining(["no-overlap", "one-flush-per-purge", "unmapped-means-no-pte"]),
    );
  });

  test("A line of an own allocator without promises is not judged, and the message names both remedies", async () => {
    const read = await first(own({}));
    expect(() => promisesOf(read)).toThrow(
      /:1: version: no kernel here is called "own": say --as LABEL .* "promises": \{"frees": /,
    );
    expect(promisesOf(await first(trace([]))).labels).toEqual(["3.16"]);
  });

  test.each<[string, object, RegExp]>([
    ["an unknown promise", { promises: { colour: 1 } }, /^FILE:1: promises: the key "colour" is not known/],
    ["an unknown law", { promises: ["no-law"] }, /^FILE:1: promises\.laws\[0\]: expected the id of a law/],
    ["no law at all", { promises: [] }, /^FILE:1: promises\.laws: /],
    [
      "an unknown way to free",
      { promises: { frees: "late" } },
      /^FILE:1: promises\.frees: expected "eager" or "lazy"/,
    ],
    [
      "a place, and no way to free",
      { promises: { placement: "lowest-fit" } },
      /^FILE:1: promises\.placement: expected "frees" beside it/,
    ],
    [
      "a guard of less than no page",
      { promises: { guard: { after: -1 } } },
      /^FILE:1: promises\.guard\.after: /,
    ],
    [
      "a name of two lines",
      { version: "own\nother" },
      /^FILE:1: version: expected a name of at most 60 letters/,
    ],
    ["half a configuration that is wrong", { config: { cpus: 0 } }, /^FILE:1: config\.cpus: /],
  ])("is refused with %s", async (_what, more, expected) => {
    expect(await complaint(own(more))).toMatch(expected);
  });

  test("A line of a kernel may omit nothing, unlike a line of an own allocator", async () => {
    expect(await complaint(JSON.stringify({ version: "3.16", ops: [] }))).toMatch(
      /^FILE:1: the key "class" is missing: /,
    );
  });
});
