import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { complaintOf, fileOf, folder } from "../complaints.testing.ts";
import { formatHistory, readHistory } from "./history-file.ts";

describe("a bad history", () => {
  const good = {
    vmapcheck: 1,
    kernel: "3.16",
    law: "lowest-fit",
    scope: { wordPages: 64, cpus: 1, lazyMaxPages: null },
    commands: [{ op: "alloc", size: 1, align: 4096, vstart: 1, vend: 9 }],
  };
  const [alloc] = good.commands;
  const cases: [what: string, contents: unknown, complaint: RegExp][] = [
    [
      "of another version of the format",
      { ...good, vmapcheck: 3 },
      /^FILE: vmapcheck: expected 2, the version/,
    ],
    [
      "that counts from 1 and names a command before the first",
      { ...good, vmapcheck: 2, commands: [alloc, { op: "free", area: 0 }] },
      /^FILE: commands\[1\]\.area: expected the number, from 1, of an earlier alloc/,
    ],
    [
      "that counts from 1 and names itself",
      { ...good, vmapcheck: 2, commands: [alloc, { op: "free", area: 2 }] },
      /^FILE: commands\[1\]\.area: expected the number, from 1, of an earlier alloc/,
    ],
    ["with no commands", { ...good, commands: [] }, /^FILE: commands: /],
    ["with an unknown command", { ...good, commands: [{ op: "dance" }] }, /^FILE: commands\[0\]\.op: /],
    [
      "with no kernel",
      { ...good, kernel: undefined },
      /^FILE: the key "kernel" is missing: expected a string$/,
    ],
    [
      "with a command that does not say what it is",
      { ...good, commands: [{}] },
      /^FILE: commands\[0\]\.op is missing: .*alloc/,
    ],
    [
      "with a size as text",
      { ...good, commands: [{ ...alloc, size: "1" }] },
      /size: expected a number, not "1"$/,
    ],
    [
      "in a space beyond 64 bits",
      { ...good, scope: { ...good.scope, wordPages: 2 ** 53 } },
      /^FILE: scope\.wordPages: expected a number of at most 4503599627370496 \(2\^52\), not \d+$/,
    ],
    [
      "with an unknown field",
      { ...good, commands: [{ ...alloc, colour: 1 }] },
      /^FILE: commands\[0\]: the key "colour" is not known/,
    ],
    [
      "with a page beyond its space",
      { ...good, commands: [{ ...alloc, vend: 64 }] },
      /^FILE: commands\[0\]\.vend: expected at most 63/,
    ],
    [
      "with a size below nothing",
      { ...good, commands: [{ ...alloc, size: -1 }] },
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

  test.each(cases)("A bad history is refused in one line: %s", async (_what, contents, expected) => {
    const path = fileOf(JSON.stringify(contents), ".json");
    expect(await complaintOf(() => readHistory(path), path)).toMatch(expected);
  });

  test("A history that is not JSON is refused in one line, with the line number", async () => {
    const path = fileOf('{\n  "vmapcheck": 1,\n  oops\n}\n', ".json");
    expect(await complaintOf(() => readHistory(path), path)).toMatch(/^FILE:3: is not JSON/);
  });

  describe("of percpu areas", () => {
    const scope = { ...good.scope, vmalloc: { vstart: 8, vend: 40 } };
    const get = { op: "pcpuGet", offsets: [0, 4], sizes: [2, 2], align: 8192 };
    const asking = (more: object) => ({ ...good, scope, commands: [{ ...get, ...more }] });
    const within = (more: object) => ({ ...asking({}), scope: { ...scope, ...more } });
    const says = (field: string, what: string) => new RegExp(`^FILE: ${field}(?: is missing)?: ${what}`);
    const AT = "commands\\[0\\]";

    const cases: [what: string, contents: unknown, complaint: RegExp][] = [
      [
        "whose scope has no window",
        within({ vmalloc: undefined }),
        says(`${AT}\\.op`, "expected scope\\.vmalloc, the window in which percpu areas are placed"),
      ],
      [
        "whose window lies beyond the space",
        within({ vmalloc: { vstart: 8, vend: 64 } }),
        says("scope\\.vmalloc\\.vend", "expected at most 63: scope\\.wordPages is 64"),
      ],
      [
        "whose window is empty",
        within({ vmalloc: { vstart: 8, vend: 8 } }),
        says("scope\\.vmalloc\\.vstart", "expected a window that begins before vend, 8"),
      ],
      [
        "with two windows",
        within({ blocks: { vstart: 8, vend: 40, blockPages: 8, bitsPerLong: 4 } }),
        says("scope\\.vmalloc", "expected none beside blocks, which have the window"),
      ],
      ["of none", asking({ offsets: [], sizes: [] }), says(`${AT}\\.offsets`, "")],
      [
        "of another number of sizes",
        asking({ sizes: [2] }),
        says(`${AT}\\.sizes`, "expected as many as there are offsets, 2"),
      ],
      ["of no page", asking({ sizes: [2, 0] }), says(`${AT}\\.sizes\\[1\\]`, ".*at least 1")],
      [
        "at offsets that are no multiples of the alignment",
        asking({ offsets: [0, 5] }),
        says(`${AT}\\.offsets`, "expected multiples of 2 pages, which align is"),
      ],
      [
        "of sizes that are no multiples of the alignment",
        asking({ sizes: [2, 3] }),
        says(`${AT}\\.sizes`, "expected multiples of 2 pages"),
      ],
      [
        "none of which begins at the base",
        asking({ offsets: [2, 6] }),
        says(`${AT}\\.offsets`, "expected the lowest to be 0"),
      ],
      [
        "that overlap",
        asking({ offsets: [0, 4], sizes: [6, 2] }),
        says(`${AT}\\.offsets`, "expected areas that share no page"),
      ],
      [
        "that reach beyond the space",
        asking({ offsets: [0, 64] }),
        says(`${AT}\\.offsets`, "expected areas that end at 64 at most"),
      ],
      ["aligned below a page", asking({ align: 2048 }), says(`${AT}\\.align`, ".*at least 4096")],
      [
        "aligned to no power of two",
        asking({ align: 12288 }),
        says(`${AT}\\.align`, "expected a power of two"),
      ],
      [
        "aligned beyond the space",
        asking({ align: 128 * 4096 }),
        says(`${AT}\\.align`, "expected an alignment of at most the whole space"),
      ],
      [
        "given back by a free",
        { ...asking({}), commands: [get, { op: "free", area: 0 }] },
        says(
          "commands\\[1\\]\\.area",
          "expected the index, from 0, of an earlier alloc or vmap or mapRam in",
        ),
      ],
      [
        "given back although they were refused",
        { ...asking({}), commands: [alloc, { op: "pcpuFree", area: 0 }] },
        says("commands\\[1\\]\\.area", "expected the index, from 0, of an earlier pcpuGet in"),
      ],
      [
        "that are touched",
        { ...asking({}), commands: [get, { op: "touch", cpu: 0, area: 0, page: 0 }] },
        says(
          "commands\\[1\\]\\.area",
          "expected the index, from 0, of an earlier alloc or vmap or mapRam in",
        ),
      ],
    ];

    test.each(cases)(
      "A history is refused in one line of percpu areas %s",
      async (_what, contents, expected) => {
        const path = fileOf(JSON.stringify(contents), ".json");
        expect(await complaintOf(() => readHistory(path), path)).toMatch(expected);
      },
    );

    test("A history of percpu areas inside the call's domain is read, and written as it was read", async () => {
      const turned = asking({ offsets: [4, 0] });
      const history = await readHistory(fileOf(JSON.stringify(turned), ".json"));
      expect(history.scope).toMatchObject({ vmalloc: scope.vmalloc, blockPages: 0 });
      expect(JSON.parse(formatHistory(history))).toEqual({ ...turned, vmapcheck: 2 });
    });
  });

  describe("of small maps, pins and the boot", () => {
    const blocks = { vstart: 8, vend: 40, blockPages: 8, bitsPerLong: 4 };
    const scope = { ...good.scope, cpus: 2, blocks };
    const map = { op: "mapRam", cpu: 0, count: 2 };
    const small = { ...good, scope, commands: [map] };
    const withBlocks = (more: object) => ({ ...small, scope: { ...scope, blocks: { ...blocks, ...more } } });
    const says = (field: string, what: string) => new RegExp(`^FILE: ${field}(?: is missing)?: ${what}`);
    const playing = (...commands: readonly object[]) => ({ ...small, commands });
    const AT = "commands\\[0\\]";
    const AFTER = "commands\\[1\\]";
    const earlier = (kind: string) => `expected the index, from 0, of an earlier ${kind} in this history`;

    const cases: [what: string, contents: unknown, complaint: RegExp][] = [
      [
        "whose scope has no blocks",
        { ...small, scope: good.scope },
        says(`${AT}\\.op`, "expected scope\\.blocks, which says where and how"),
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
        says("scope\\.blocks\\.vend", ".*expected a number"),
      ],
      [
        "in blocks of no power of two",
        withBlocks({ blockPages: 12 }),
        says("scope\\.blocks\\.blockPages", "expected a power of two"),
      ],
      [
        "in blocks larger than any",
        withBlocks({ blockPages: 2048 }),
        says("scope\\.blocks\\.blockPages", ".*at most 1024"),
      ],
      [
        "in blocks of no page",
        withBlocks({ blockPages: 0 }),
        says("scope\\.blocks\\.blockPages", ".*at least 1"),
      ],
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
        says("scope\\.blocks\\.bitsPerLong", ".*at most 64"),
      ],
      [
        "with a word larger than a block",
        withBlocks({ bitsPerLong: 16 }),
        says("scope\\.blocks\\.bitsPerLong", "expected at most"),
      ],
      [
        "with an unknown field of blocks",
        withBlocks({ colour: 1 }),
        says("scope\\.blocks", 'the key "colour" is not known'),
      ],
      ["of half a page", playing({ ...map, count: 0.5 }), says(`${AT}\\.count`, ".*expected a whole number")],
      ["of fewer than no page", playing({ ...map, count: -1 }), says(`${AT}\\.count`, ".*at least 0")],
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
      ["on no CPU", playing({ ...map, cpu: undefined }), says(`${AT}\\.cpu`, ".*expected a number")],
      [
        "on a CPU that is not there",
        playing({ ...map, cpu: 2 }),
        says(`${AT}\\.cpu`, "expected a CPU below 2, which is scope\\.cpus"),
      ],
      [
        "on a CPU that is left out",
        { ...playing({ ...map, cpu: 1 }), scope: { ...scope, cpus: 3, absentCpus: [1] } },
        says(`${AT}\\.cpu`, "expected a CPU that is not among scope\\.absentCpus"),
      ],
      [
        "with a gap that begins at CPU 0",
        { ...small, scope: { ...scope, cpus: 3, absentCpus: [0] } },
        says("scope\\.absentCpus", "expected numbers above 0 and below 2"),
      ],
      [
        "with a gap above all CPUs",
        { ...small, scope: { ...scope, cpus: 3, absentCpus: [2] } },
        says("scope\\.absentCpus", "expected numbers above 0 and below 2"),
      ],
      [
        "with a gap of no number",
        { ...small, scope: { ...scope, absentCpus: [] } },
        says("scope\\.absentCpus", ".*at least 1"),
      ],
      [
        "of vmap of fewer than no page",
        playing({ op: "vmap", count: -1 }),
        says(`${AT}\\.count`, ".*at least 0"),
      ],
      [
        "of vmap with a guard that is no flag",
        playing({ op: "vmap", count: 1, noGuard: false }),
        says(`${AT}\\.noGuard`, ".*expected true"),
      ],
      [
        "of vmap where nothing says in which window",
        { ...small, scope: { ...scope, blocks: undefined }, commands: [{ op: "vmap", count: 1 }] },
        says(`${AT}\\.op`, "expected scope\\.vmalloc"),
      ],
      [
        "of vmap read in its guard page",
        playing({ op: "vmap", count: 1 }, { op: "touch", cpu: 0, area: 0, page: 1 }),
        says(`${AFTER}\\.page`, "expected a page below 1"),
      ],
      [
        "unmapped twice over",
        playing(map, { op: "unmapRam", cpu: 0, area: 0, page: 9, count: 2 }),
        says(`${AFTER}\\.page`, "expected none beside area"),
      ],
      [
        "unmapped at a page, and of no number",
        playing(map, { op: "unmapRam", cpu: 0, page: 9 }),
        says(`${AFTER}\\.count`, "expected the pages to unmap"),
      ],
      [
        "unmapped beyond the space",
        playing(map, { op: "unmapRam", cpu: 0, page: 64, count: 1 }),
        says(`${AFTER}\\.page`, "expected a page below 64"),
      ],
      [
        "unmapped in greater number than the space has",
        playing(map, { op: "unmapRam", cpu: 0, area: 0, count: 65 }),
        says(`${AFTER}\\.count`, "expected at most 64 pages"),
      ],
      [
        "unmapped behind a page",
        playing(map, { op: "unmapRam", cpu: 0, page: 9, offset: 1, count: 1 }),
        says(`${AFTER}\\.offset`, "expected none beside page"),
      ],
      [
        "unmapped nowhere",
        playing(map, { op: "unmapRam", cpu: 0, count: 1 }),
        says(`${AFTER}\\.area`, "expected the index of an earlier command, or page"),
      ],
      [
        "and looks for a page beyond the space",
        playing({ op: "find", page: 64 }),
        says(`${AT}\\.page`, "expected a page below 64, which is scope\\.wordPages"),
      ],
      [
        "and looks for a command's area",
        playing(map, { op: "find", area: 0 }),
        says(`${AFTER}\\.page`, ".*number"),
      ],
      ["on CPU -1", playing({ ...map, cpu: -1 }), says(`${AT}\\.cpu`, ".*at least 0")],
      [
        "unmapped on a CPU that is not possible",
        playing(map, { op: "unmapRam", cpu: 9, area: 0 }),
        says(`${AFTER}\\.cpu`, "expected a CPU below 2"),
      ],
      [
        "unmapped before they are asked for",
        playing({ op: "unmapRam", cpu: 0, area: 1 }, map),
        says(`${AT}\\.area`, earlier("mapRam or alloc or vmap")),
      ],
      [
        "unmapped by their own index",
        playing(map, { op: "unmapRam", cpu: 0, area: 1 }),
        says(`${AFTER}\\.area`, earlier("mapRam or alloc or vmap")),
      ],
      [
        "unmapped where nothing was mapped",
        playing({ op: "purge" }, { op: "unmapRam", cpu: 0, area: 0 }),
        says(`${AFTER}\\.area`, earlier("mapRam or alloc or vmap")),
      ],
      [
        "freed beyond the space",
        playing(map, { op: "free", page: 64 }),
        says(`${AFTER}\\.page`, "expected a page below 64"),
      ],
      ["unpinned", playing(map, { op: "unpin", area: 0 }), says(`${AFTER}\\.area`, earlier("pin"))],
      [
        "and unpins what is pinned later",
        playing({ op: "unpin", area: 1 }, { op: "pin" }),
        says(`${AT}\\.area`, earlier("pin")),
      ],
      [
        "and unpins half a command",
        playing({ op: "pin" }, { op: "unpin", area: 0.5 }),
        says(`${AFTER}\\.area`, ".*expected a whole number"),
      ],
      [
        "and touches a pin",
        playing({ op: "pin" }, { op: "touch", cpu: 0, area: 0, page: 0 }),
        says(`${AFTER}\\.area`, earlier("alloc or vmap or mapRam")),
      ],
      [
        "written to by a false write",
        playing(map, { op: "touch", cpu: 0, area: 0, page: 0, write: false }),
        says(`${AFTER}\\.write`, ".*expected true"),
      ],
      ["pinned on a CPU", playing({ op: "pin", cpu: 0 }), says(AT, 'the key "cpu" is not known')],
      [
        "before a boot that is not",
        { ...small, scope: { ...scope, beforeInit: false } },
        says("scope\\.beforeInit", ".*expected true"),
      ],
    ];

    test.each(cases)(
      "A history is refused in one line of small maps, pins and the boot %s",
      async (_what, contents, expected) => {
        const path = fileOf(JSON.stringify(contents), ".json");
        expect(await complaintOf(() => readHistory(path), path)).toMatch(expected);
      },
    );

    test("A good history of small maps, pins and the boot is read, with its blocks and its boot", async () => {
      const commands = [{ op: "init" }, map, { op: "pin" }, { op: "unpin", area: 2 }];
      const contents = { ...small, scope: { ...scope, beforeInit: true }, commands };
      const read = await readHistory(fileOf(JSON.stringify(contents), ".json"));
      expect(read.commands).toEqual(commands);
      const { vmalloc, blockPages, bitsPerLong, beforeInit, counts } = read.scope;
      expect({ ...vmalloc, blockPages, bitsPerLong }).toEqual(blocks);
      expect([beforeInit, counts]).toEqual([true, [2]]);
    });
  });

  test("A good history is read", async () => {
    const { commands } = await readHistory(fileOf(JSON.stringify(good), ".json"));
    expect(commands).toEqual([{ ...alloc, map: false }]);
  });
});

describe("what is no file is refused before it is read", () => {
  test("A link to an endless device is refused before it is read", async () => {
    const path = join(folder, "without-end.json");
    symlinkSync("/dev/zero", path);
    expect(await complaintOf(() => readHistory(path), path)).toBe(
      "FILE: cannot be read: it is no regular file",
    );
  });

  test("A pipe without a writer is refused before it is read", async () => {
    const path = join(folder, "pipe.json");
    execFileSync("mkfifo", [path]);
    expect(await complaintOf(() => readHistory(path), path)).toBe(
      "FILE: cannot be read: it is no regular file",
    );
  });

  test("A folder is refused before it is read", async () => {
    expect(await complaintOf(() => readHistory(folder), folder)).toBe(
      "FILE: cannot be read: it is a folder (EISDIR)",
    );
  });
});
