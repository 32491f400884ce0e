import { describe, expect, test } from "vitest";
import { ALLOC, CONFIG, complaint, DONE, PLACED, trace } from "../complaints.testing.ts";

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
  const refusesCpu = (part: string) =>
    new RegExp(`^FILE:1: ops${part}\\.cpu(?: is missing)?: .*expected a number`);
  const inBlock = (field: string, says: string) =>
    new RegExp(
      `^FILE:1: ops\\[0\\]\\[1\\]\\.blocks\\[0\\]${field}${says.startsWith("is missing") ? " " : ": "}${says}`,
    );
  const EITHER = "expected either dirty_runs, or dirty_min and dirty_max";

  const cases: [what: string, contents: string, complaint: RegExp][] = [
    ["that map on no CPU", maps({ cpu: undefined }), refusesCpu("\\[0\\]\\[0\\]")],
    [
      "that map on a CPU that is not there",
      maps({ cpu: 2 }),
      /^FILE:1: ops\[0\]\[0\]\.cpu: CPU 2, but config\.cpus is 2/,
    ],
    [
      "that map on a CPU that no machine has",
      maps({ cpu: 4096 }),
      /\.cpu: .*expected a number of at most 4095/,
    ],
    ["that unmap on no CPU", unmaps({ cpu: undefined }), refusesCpu("\\[1\\]\\[0\\]")],
    ["that unmap on a CPU that is not there", unmaps({ cpu: 7 }), /^FILE:1: ops\[1\]\[0\]\.cpu: CPU 7, but/],
    ["of fewer", maps({ count: -1 }), /^FILE:1: ops\[0\]\[0\]\.count: expected a count of pages/],
    ["of half a page", maps({ count: 1.5 }), /^FILE:1: ops\[0\]\[0\]\.count: .*expected a whole number/],
    [
      "of more pages than there can be",
      maps({ count: 2 ** 41 }),
      /^FILE:1: ops\[0\]\[0\]\.count: expected a count of at most 1048576 pages/,
    ],
    [
      "of a count as text",
      maps({ count: "0x2" }),
      /^FILE:1: ops\[0\]\[0\]\.count(?: is missing)?: .*expected a number/,
    ],
    [
      "with an address that map does not have",
      maps({ addr: "0x1000" }),
      /^FILE:1: ops\[0\]\[0\]: the key "addr" is not known/,
    ],
    [
      "unmapped from no page",
      unmaps({ addr: "0x80800" }),
      /^FILE:1: ops\[1\]\[0\]\.addr: expected a multiple of the page size, 0x1000/,
    ],
    [
      "unmapped with no count",
      unmaps({ count: undefined }),
      /^FILE:1: ops\[1\]\[0\]\.count(?: is missing)?: .*expected a number/,
    ],
    [
      "with a block that has no address",
      blocks({ addr: undefined }),
      inBlock("\\.addr", "is missing: expected a hex string"),
    ],
    [
      "with a block that does not say what is free",
      blocks({ free: undefined }),
      inBlock("\\.free", "is missing: expected a number"),
    ],
    ["with a block of fewer than no dirty pages", blocks({ dirty: -1 }), inBlock("\\.dirty", ".*at least 0")],
    [
      "with a block that does not say whether it is listed",
      blocks({ on_free_list: undefined }),
      inBlock("\\.on_free_list", "is missing: expected a CPU, or null for no list"),
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
      inBlock("\\.dirty_runs\\[0\\]", ".*at least 2 items"),
    ],
    ["with an unknown field of a block", blocks({ colour: 1 }), inBlock("", 'the key "colour" is not known')],
    [
      "with blocks that are no list",
      dumps({ blocks: {} }),
      /^FILE:1: ops\[0\]\[1\]\.blocks: .*expected a list/,
    ],
    [
      "with one list for all CPUs",
      dumps({ free_lists: ["0x80000"] }),
      /^FILE:1: ops\[0\]\[1\]\.free_lists\[0\]: .*expected a list/,
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
      /^FILE:1: config\.bbmap_bits(?: is missing)?: .*expected a number of at most 1024/,
    ],
    ["with blocks of half a page", configured(0.5), /^FILE:1: config\.bbmap_bits: .*expected a whole number/],
    [
      "with no blocks at all",
      configured(0),
      /^FILE:1: ops\[0\]\[0\]\.op: maps through a block, but config\.bbmap_bits is 0/,
    ],
    [
      "that does not say how large a block is",
      configured(undefined),
      /^FILE:1: config\.bbmap_bits(?: is missing)?: .*expected a number/,
    ],
  ];

  test.each(cases)("A bad recording of small maps is refused: %s", async (_what, contents, expected) => {
    expect(await complaint(contents)).toMatch(expected);
  });

  test.each<[string, string]>([
    ["of no page", maps({ count: 0 })],
    ["unmapped of no page", unmaps({ count: 0 })],
    ["unmapped where nothing is held", unmaps({ addr: "0x81000" })],
    ["unmapped with another count", unmaps({ count: 1 })],
    ["unmapped twice", trace([...good, [UNMAP, UNMAPPED]])],
    ["freed as an area", trace([...good.slice(0, 1), [{ op: "free_area", addr: "0x80000" }, DONE]])],
  ])("but one %s is read: its call is outside its domain, and judged", async (_what, contents) => {
    expect(await complaint(contents)).toBe("no complaint");
  });

  test("A good recording of small maps is read: blocks with runs, with a range, on a list and on none", async () => {
    expect(await complaint(trace(good))).toBe("no complaint");
    expect(await complaint(blocks({ on_free_list: null }))).toBe("no complaint");
    expect(await complaint(configured(1024))).toBe("no complaint");
    expect(await complaint(trace([[ALLOC, PLACED]], { config: { ...CONFIG, bbmap_bits: 0 } }))).toBe(
      "no complaint",
    );
  });
});
