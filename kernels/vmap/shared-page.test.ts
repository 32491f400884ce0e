/**
 * Two callers at one address, after A11's wrap. What is held there, and which PTEs are dead, as the recordings count
 * it: the frame of the latest map counts, and a free ends what is held in the area that the kernel finds
 * (docs/findings.md, 6). Each drawing has a column a page, from page 0 on.
 */
import { describe, expect, test } from "vitest";
import type { Command } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { frameOf, type PageMap } from "../hardware/page-map.ts";
import { kernelCalled } from "./index.ts";
import type { State } from "./state.ts";

const PAGES_DRAWN = 8;

const scope: Scope = {
  ...AREAS_ONLY,
  name: "top",
  wordPages: 64,
  cpus: 1,
  lazyMaxPages: 16,
  sizes: [],
  aligns: [],
  windows: [],
};

/** In a window that is full and reaches the last page but one: the search ends behind it, at address 0. */
const ask = (size: number, map: boolean): Command => ({
  op: "alloc",
  size,
  align: 4096,
  vstart: 48,
  vend: 63,
  map,
});
const mapped = (size: number) => ask(size, true);
const FILL = ask(15, false);
const FREE: Command = { op: "free", start: 0 };
const REPORT: Command = { op: "tlb" };

/** The kernel after these commands, and the memory at the bottom of the word. */
function drawn(label: string, commands: readonly Command[]): readonly string[] {
  const kernel = kernelCalled(label) as Kernel<State>;
  const state = kernel.initial(scope);
  kernel.act(state, FILL);
  for (const command of commands) {
    const response = kernel.act(state, command);
    if (response.kind === "placed") expect(response.start).toBe(0);
  }
  const report = kernel.act(state, REPORT);
  const { pageTable, held } = state.memory;
  const dead = report.kind === "done" ? report.aliases?.deadPtes : undefined;
  return [`pte   ${row(pageTable)}`, `held  ${row(held)}`, `dead PTEs: ${dead}`];
}

function row(map: PageMap): string {
  const pages = Array.from({ length: PAGES_DRAWN }, (_, page) => frameOf(map, page) || ".");
  return pages.map((frame) => String(frame).padStart(2)).join(" ");
}

/** Those that reach it; 2.6.27 does as well, but nothing there reports, and later caches stop at an assertion. */
describe.each(["2.6.28", "2.6.28.10", "2.6.37"])("two callers at page 0, on %s", (label) => {
  test("The second map at page 0 stops at the first PTE, and the PTEs of the first are dead: they map other frames", () => {
    expect(drawn(label, [mapped(2), mapped(4)])).toEqual([
      "pte    1  2  .  .  .  .  .  .",
      "held   3  4  5  6  .  .  .  .",
      "dead PTEs: 2",
    ]);
  });

  test("The first caller at page 0 still holds what the second did not ask for", () => {
    expect(drawn(label, [mapped(4), mapped(2)])).toEqual([
      "pte    1  2  3  4  .  .  .  .",
      "held   5  6  3  4  .  .  .  .",
      "dead PTEs: 2",
    ]);
  });

  test("A second caller at page 0 that maps nothing changes nothing", () => {
    expect(drawn(label, [mapped(2), ask(4, false)])).toEqual([
      "pte    1  2  .  .  .  .  .  .",
      "held   1  2  .  .  .  .  .  .",
      "dead PTEs: 0",
    ]);
  });

  test("No PTE is dead where each page is mapped once", () => {
    expect(drawn(label, [mapped(4)]).at(-1)).toBe("dead PTEs: 0");
  });
});

describe("two callers at page 0 of whom one frees", () => {
  test("Of two areas at page 0 a free releases the first; the rest of the second is still held", () => {
    expect(drawn("2.6.37", [mapped(2), mapped(4), FREE])).toEqual([
      "pte    .  .  .  .  .  .  .  .",
      "held   .  .  5  6  .  .  .  .",
      "dead PTEs: 0",
    ]);
  });

  test("Of two areas at page 0 the freed one leaves dead PTEs until the purge if PTEs are cleared late", () => {
    expect(drawn("2.6.28.10", [mapped(2), mapped(4), FREE])).toEqual([
      "pte    1  2  .  .  .  .  .  .",
      "held   .  .  5  6  .  .  .  .",
      "dead PTEs: 2",
    ]);
  });

  test("Of two areas at page 0 the second free finds the same area while it is lazy, and the other after the purge", () => {
    const both = [mapped(2), mapped(4), FREE, FREE];
    expect(drawn("2.6.37", both).at(1)).toBe("held   .  .  5  6  .  .  .  .");
    expect(drawn("2.6.37", [mapped(2), mapped(4), FREE, { op: "purge" }, FREE]).at(1)).toBe(
      "held   .  .  .  .  .  .  .  .",
    );
  });
});

describe("line 106 of the recordings of 2.6.28.10 and 2.6.37, in small", () => {
  const UNTIL_FREE = [mapped(7), { op: "purge" }, mapped(4), FREE, { op: "purge" }, mapped(6)] as const;

  test("Line 106 of the recordings of 2.6.28.10 and 2.6.37 is reproduced: six pages are mapped, four around them are freed, a map of eight stops at the fifth", () => {
    expect(drawn("2.6.37", UNTIL_FREE).slice(0, 2)).toEqual([
      "pte   12 13 14 15 16 17  .  .",
      "held  12 13 14 15 16 17  .  .",
    ]);
    expect(drawn("2.6.37", [...UNTIL_FREE, FREE, mapped(8)])).toEqual([
      "pte   18 19 20 21 16 17  .  .",
      "held  18 19 20 21 22 23 24 25",
      "dead PTEs: 2",
    ]);
  });
});
