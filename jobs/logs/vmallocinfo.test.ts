/** What one reading of /proc/vmallocinfo shows, and where a request would go. */
import { describe, expect, test } from "vitest";
import { fileOf } from "../../adapters/complaints.testing.ts";
import { UsageError } from "../usage-error.ts";
import { type VmallocinfoOptions, vmallocinfo } from "./vmallocinfo.ts";

/** The pages of a 32-bit space from 0xf0000 on, as `[from, to, words]`. */
type Line = readonly [number, number, string];
const hex = (page: number) => `0x${((0xf0000 + page) * 4096).toString(16)}`;
const text = (lines: readonly Line[]) =>
  lines.map(([from, to, words]) => `${hex(from)}-${hex(to)} ${(to - from) * 4096} ${words}\n`).join("");

async function read(lines: readonly Line[], options?: VmallocinfoOptions) {
  const [only] = await vmallocinfo(fileOf(text(lines), ".txt"), options);
  if (only === undefined) throw new Error("no reading");
  return only;
}

const VMALLOC = "load_module+0x1/0x2 pages=3 vmalloc";
const LINES: readonly Line[] = [
  [0, 4, VMALLOC],
  [4, 8, VMALLOC],
  [16, 20, "unpurged vm_area"],
  [32, 48, "vm_map_ram"],
];

describe("a reading of vmallocinfo", () => {
  test("It has users, holes, and the largest room at each alignment", async () => {
    const report = await read(LINES);
    expect(report).toMatchObject({ areas: 3, lazy: 1, adjacent: 1, unguarded: 0, faults: [] });
    expect(report.callers).toContainEqual({ name: "load_module", areas: 2, pages: 8 });
    const [region] = report.regions;
    expect(region).toMatchObject({ areas: 4, livePages: 24, lazyPages: 4, holePages: 20 });
    expect(region?.largest).toContainEqual({ align: 65536, pages: 0 });
    expect(region?.largest).toContainEqual({ align: 4096, pages: 12 });
  });

  test("no-overlap: two areas share a page", async () => {
    const { faults } = await read([...LINES, [2, 3, VMALLOC]]);
    expect(faults.map(({ law }) => law)).toEqual(["no-overlap"]);
  });

  test("guard-between-vmaps: an area is mapped to its end, where another begins", async () => {
    const { faults } = await read([
      [0, 3, VMALLOC],
      [3, 7, VMALLOC],
    ]);
    expect(faults.map(({ law }) => law)).toEqual(["guard-between-vmaps"]);
  });
});

describe("a request", () => {
  const startOf = async (fit: string, release: string) => {
    const { asked } = await read(LINES, { fit, release });
    const only = asked?.fits[0];
    return (
      only && {
        at: only.start === undefined ? undefined : only.start - 0xf0000,
        needsPurge: only.needsPurge,
        purged: only.purged.length,
      }
    );
  };

  test.each([
    ["16K,4K", "6.12", { at: 8, needsPurge: false, purged: 0 }],
    ["8K,64K", "6.12", { at: 16, needsPurge: true, purged: 1 }],
    ["8K,32K", "2.6.39", { at: 24, needsPurge: false, purged: 0 }],
    ["8K,32K", "3.1", { at: 8, needsPurge: false, purged: 0 }],
    ["52K,4K", "6.12", { at: 8, needsPurge: true, purged: 1 }],
    ["1M", "6.12", { at: undefined, needsPurge: true, purged: 0 }],
  ])("%s on %s", async (fit, release, expected) => {
    expect(await startOf(fit, release)).toEqual(expected);
  });

  test("Releases that place it alike are one line, and those with pools say so for 64 bits alone", async () => {
    const { asked } = await read(LINES, { fit: "16K" });
    expect(asked?.fits.flatMap(({ releases }) => releases)).toContain("6.12");
    expect(asked?.fits.every(({ mayPool }) => !mayPool)).toBe(true);
  });

  test.each([["64Q"], ["64K,3000"], ["-1"], ["1,2,3"]])("--fit %s is bad usage", async (fit) => {
    await expect(read(LINES, { fit })).rejects.toThrow(UsageError);
  });

  test("--window takes two addresses", async () => {
    await expect(read(LINES, { fit: "4K", window: "0x2000,0x1000" })).rejects.toThrow(/0xSTART,0xEND/);
  });
});

test.each([
  [{ window: "0xf0000000,0xf0100000" }, "--window is for --fit"],
  [{ release: "6.12" }, "--release is for --fit"],
])("an option that only places a request is refused without one: %j", async (options, says) => {
  await expect(read(LINES, options)).rejects.toThrow(says);
  await expect(read(LINES, options)).rejects.toThrow(UsageError);
});

test("a refusal in a window that was not given says so", async () => {
  const asked = async (window?: string) => (await read(LINES, { fit: "64K,4K", window })).asked;
  expect(await asked()).toMatchObject({ isGiven: false });
  expect(await asked("0xf0000000,0xf0100000")).toMatchObject({ isGiven: true });
});
