import { describe, expect, test } from "vitest";
import { explore } from "../../engine/search/explore.ts";
import { subjectNamed } from "../subject.ts";
import { UsageError } from "../usage-error.ts";
import { memoryBounds } from "./memory.ts";

const MEGABYTE = 2 ** 20;
const takenNow = () => Math.ceil(process.memoryUsage.rss() / MEGABYTE);

describe("the memory a search may take", () => {
  test("is the part that the process does not take already", () => {
    const asked = takenNow() + 500;
    const { bytes } = memoryBounds(asked);
    expect(bytes / MEGABYTE).toBeGreaterThan(400);
    expect(bytes / MEGABYTE).toBeLessThanOrEqual(asked - takenNow() / 2);
  });

  test("is refused if the process takes it before the search", () => {
    expect(() => memoryBounds(1)).toThrow(UsageError);
    expect(() => memoryBounds(1)).toThrow(
      /^--megabytes 1: the process takes \d+ MB before it begins; expected at/,
    );
  });

  test("is used up by any allocation, not only by a table of states", () => {
    const { isFull } = memoryBounds(takenNow() + 100);
    expect(isFull?.()).toBe(false);
    const other = Buffer.alloc(300 * MEGABYTE, 1);
    expect(isFull?.()).toBe(true);
    expect(other.length).toBe(300 * MEGABYTE);
  });

  test("ends a search once it is used up, and not before", () => {
    const { machine } = subjectNamed("lazy-unmap").open(
      { V: 3, F: 2, C: 3 },
      { merged: false, orders: "all" },
    );
    const bounds = { states: 1e6, bytes: 1e9 };
    let asked = 0;
    const isFull = () => ++asked > 1;
    expect(explore(machine, { bounds: { ...bounds, isFull } }).ended).toBe("memory");
    expect(asked).toBe(2);
    expect(explore(machine, { bounds }).ended).toBe("fixpoint");
  });
});
