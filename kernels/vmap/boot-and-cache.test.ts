/** The boot order, and what an observer sees of a cache indexed by virtual address. */
import { describe, expect, test } from "vitest";
import { FOUR_BLOCKS } from "../../model/vmap/pairs.testing.ts";
import type { Command } from "../../spec/vmap/commands.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import { KERNELS, kernelCalled } from "./index.ts";
import { rulesOf } from "./releases.ts";
import { kernelWith } from "./rules.ts";
import type { State } from "./state.ts";
import { sweepAliases } from "./vmap-kernel.ts";

const SCOPE: Scope = { ...FOUR_BLOCKS, name: "boot and cache", wordPages: 1024, lazyMaxPages: 16 };
const OFF: Scope = { ...SCOPE, beforeInit: true };
const WITH_BLOCKS = KERNELS.filter(({ release }) => release.fragments !== "no blocks");

const MAP = { op: "mapRam", cpu: 0, count: 2 } as const;
const write = (page: number, cpu = 0): Command => ({ op: "touch", cpu, page, write: true });

/** The replies of a kernel to these commands. */
function replies(kernel: Kernel<State>, scope: Scope, ...commands: readonly Command[]) {
  const state = kernel.initial(scope);
  return commands.map((command) => kernel.act(state, command));
}

const kinds = (...given: Parameters<typeof replies>) => replies(...given).map(({ kind }) => kind);

describe("before vmalloc_init", () => {
  test.each(WITH_BLOCKS)(
    "Before vmalloc_init vm_unmap_aliases does nothing on $name, nor does a pin that calls it",
    (kernel) => {
      const [aliases, pin] = replies(kernel, OFF, { op: "unmapAliases" }, { op: "pin" });
      expect(aliases).toMatchObject({ kind: "done", flushes: [], pteCleared: 0 });
      expect(pin).toMatchObject({ kind: "pinned", flushes: [], pteCleared: 0 });
    },
  );

  test.each(WITH_BLOCKS)("Before vmalloc_init a small map stops $name, and after it is served", (kernel) => {
    expect(kinds(kernel, OFF, MAP)).toEqual(["bug"]);
    expect(kinds(kernel, OFF, { op: "init" }, MAP)).toEqual(["done", "placed"]);
    expect(kinds(kernel, SCOPE, MAP)).toEqual(["placed"]);
  });

  test("Before vmalloc_init vm_unmap_aliases without the test of 9b46333 stops the kernel, and after it does not", () => {
    const draft = kernelWith(
      (kernelCalled("2.6.28") as Kernel<State>).release,
      { ...rulesOf("2.6.28"), unmapAliases: sweepAliases },
      "before 9b46333",
    );
    expect(kinds(draft, OFF, { op: "unmapAliases" })).toEqual(["bug"]);
    expect(kinds(draft, OFF, { op: "init" }, { op: "unmapAliases" })).toEqual(["done", "done"]);
  });
});

describe("dirty lines", () => {
  const dirty = (kernel: Kernel<State>, ...commands: readonly Command[]) =>
    replies(kernel, SCOPE, ...commands).at(-1)?.dirtyLines;

  test.each(KERNELS)(
    "The dirty lines of $name are the pages that were written to and are still mapped",
    (kernel) => {
      // AAA: two of three are written to, by both CPUs, and one is read
      const alloc = { op: "alloc", size: 3, align: PAGE_SIZE, vstart: 64, vend: 96, map: true } as const;
      const used = [alloc, write(66, 1), write(64), { op: "touch", cpu: 0, page: 65 }] as const;
      expect(dirty(kernel, ...used)).toEqual([64, 66]);
      expect(dirty(kernel, ...used, { op: "free", start: 64 })).toEqual([]);
    },
  );

  test.each(WITH_BLOCKS)(
    "On $name the dirty lines of a map in a block end with it, and those of its neighbour stay",
    (kernel) => {
      const both = [MAP, MAP, write(64), write(65), write(67)] as const;
      expect(dirty(kernel, ...both)).toEqual([64, 65, 67]);
      expect(dirty(kernel, ...both, { op: "unmapRam", cpu: 1, start: 64, count: 2 })).toEqual([67]);
    },
  );

  test.each(WITH_BLOCKS)(
    "On $name the dirty lines of a map with an area of its own end with it",
    (kernel) => {
      const large = { ...MAP, count: 5 };
      expect(dirty(kernel, large, write(68))).toEqual([68]);
      expect(dirty(kernel, large, write(68), { op: "unmapRam", cpu: 0, start: 64, count: 5 })).toEqual([]);
    },
  );

  test("A write that reaches no page, or a read, makes no dirty line", () => {
    const kernel = kernelCalled("4.4") as Kernel<State>;
    expect(dirty(kernel, MAP, write(90), { op: "touch", cpu: 0, page: 64 })).toEqual([]);
  });
});
