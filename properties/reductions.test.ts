/**
 * That states which the explorer takes for one answer alike for ever: those that the unreduced form does not tell
 * apart, on concrete states; and those that reductions merge, on all there are in a small space.
 */
import { describe, expect, test } from "vitest";
import { BUGS } from "../counterexamples/index.ts";
import { cachedSteps } from "../kernels/cached-kernel.ts";
import { KERNELS } from "../kernels/index.ts";
import { linux2_6_28 } from "../kernels/linux-2.6.28.ts";
import { linux2_6_39 } from "../kernels/linux-2.6.39.ts";
import { pigginDraft3, rulesDraft3 } from "../kernels/piggin-draft-3.ts";
import type { State } from "../kernels/state.ts";
import { vmapKernel } from "../kernels/vmap-kernel.ts";
import type { Kernel, StateForm } from "../spec/kernel.ts";
import { compareAlike, compareReduced } from "./alike.testing.ts";
import { MIDDLE, type Space, spaceScope } from "./spaces.ts";

const WIDE = spaceScope({ pages: 10, sizes: 2, aligns: 2, windows: 4, at: MIDDLE });
const WHOLE: Space = { pages: 6, sizes: 2, aligns: 1, windows: 2, at: MIDDLE };
/** Windows that begin between areas, and alignments that lift a request past them. */
const ALIGNED: Space = { pages: 7, sizes: 2, aligns: 2, windows: 4, at: MIDDLE };
const CHANGED = BUGS.flatMap(({ changed }) => (changed === undefined ? [] : [changed]));
/** Concrete states a kernel; ten times as many were compared once, with the same verdict. */
const MOST = 150;

describe.each([...KERNELS, ...CHANGED])("states of $name", (kernel) => {
  test("that the unreduced form takes for one answer alike", () => {
    expect(compareAlike(kernel, WIDE, { reduced: false }, MOST).difference).toBeUndefined();
  });

  test("that reductions merge answer alike, all there are in six pages", () => {
    const scope = spaceScope(WHOLE);
    const { difference, states, forms } = compareReduced(kernel, scope);
    expect(difference).toBeUndefined();
    // What is lazy shapes the tree of free space: none of its kernels' states are merged.
    const merges = kernel.name !== "2.6.27" && kernel.form(scope, true).reductions.length > 0;
    if (merges) expect(forms).toBeLessThan(states);
    else expect(forms).toBe(states);
  });
});

test.each([linux2_6_28, linux2_6_39])(
  "states of $name that reductions merge answer alike, all there are in seven pages and four windows",
  (kernel) => {
    expect(compareReduced(kernel, spaceScope(ALIGNED)).difference).toBeUndefined();
  },
);

describe("the comparison notices a form that", () => {
  const scope = spaceScope({ ...WHOLE, aligns: 2 });
  const good = linux2_6_39.form(scope, true);

  /** The form of 2.6.39 with this done to its words: one of pages, then one of the cache. */
  function spoilt(spoil: (words: Int32Array, at: number) => void): StateForm<State> {
    return {
      ...good,
      write: (state, into, at) => {
        good.write(state, into, at);
        spoil(into, at);
      },
    };
  }

  const noticed = (kernel: Kernel<State>, form: StateForm<State>, where = scope) =>
    compareReduced(kernel, where, form).difference !== undefined;

  test.each([
    ["the cached area", 0x3f],
    ["the hole's size", 0x3f << 6],
    ["where the cached window began", 0x3f << 12],
    ["the cached alignment", 0xff << 18],
  ])("leaves out %s", (_what, bits) => {
    const clear = (words: Int32Array, at: number) => {
      words[at + 1] = (words[at + 1] as number) & ~bits;
    };
    expect(noticed(linux2_6_39, spoilt(clear))).toBe(true);
  });

  test("leaves out whether an area is lazy", () => {
    const asBusy = (words: Int32Array, at: number) => {
      // 2 begins a lazy area and 1 a busy one; 3 goes on.
      const pages = words[at] as number;
      const lazyStarts = (pages >>> 1) & ~pages & 0x55555555;
      words[at] = (pages & ~(lazyStarts << 1)) | lazyStarts;
    };
    expect(noticed(linux2_6_39, spoilt(asBusy))).toBe(true);
  });

  test("joins lazy areas where a window begins", () => {
    const many = spaceScope(ALIGNED);
    const one = { ...many, windows: many.windows.slice(0, 1) };
    expect(noticed(linux2_6_39, linux2_6_39.form(one, true), many)).toBe(true);
  });

  test("takes every hole for one larger than any request", () => {
    expect(noticed(linux2_6_39, linux2_6_39.form({ ...scope, sizes: [1] }, true))).toBe(true);
  });

  test("leaves out the tree where a kernel reads it", () => {
    const blind = vmapKernel(
      pigginDraft3.release,
      { ...cachedSteps(rulesDraft3), readsTree: false },
      "a draft that does not say so",
    );
    expect(noticed(pigginDraft3, blind.form(scope, true))).toBe(true);
  });
});
