/** That states which the explorer takes for one answer alike for ever: compared with one another, action by action. */
import { describe, expect, test } from "vitest";
import { BUGS } from "../counterexamples/index.ts";
import { KERNELS } from "../kernels/index.ts";
import { linux2_6_39 } from "../kernels/linux-2.6.39.ts";
import type { State } from "../kernels/state.ts";
import type { Kernel } from "../spec/kernel.ts";
import { compareAlike } from "./alike.testing.ts";
import { MIDDLE, type Space, spaceScope } from "./spaces.ts";

const SPACES: readonly Space[] = [
  { pages: 5, sizes: 5, aligns: 3, windows: 4, at: MIDDLE },
  { pages: 7, sizes: 2, aligns: 2, windows: 1, at: MIDDLE },
];
const CHANGED = BUGS.flatMap(({ changed }) => (changed === undefined ? [] : [changed]));
/** Concrete states a kernel and space; ten times as many were compared once, with the same verdict. */
const MOST = 200;

describe.each([...KERNELS, ...CHANGED])("states of $name that look alike", (kernel) => {
  test.each(SPACES)("answer alike: $pages pages, sizes to $sizes, $windows windows", (space) => {
    const { difference, states, forms } = compareAlike(kernel, spaceScope(space), { reduced: true }, MOST);
    expect(difference).toBeUndefined();
    expect(forms).toBeLessThan(states);
  });
});

describe("the comparison notices a form that leaves out", () => {
  /** 2.6.39, with this done to its form's words: one of pages, then one of the cache. */
  function spoilt(spoil: (words: Int32Array, at: number) => void): Kernel<State> {
    return {
      ...linux2_6_39,
      form: (scope, reduced) => {
        const good = linux2_6_39.form(scope, reduced);
        return {
          ...good,
          write: (state, into, at) => {
            good.write(state, into, at);
            spoil(into, at);
          },
        };
      },
    };
  }

  const noticed = (spoil: (words: Int32Array, at: number) => void) =>
    SPACES.some(
      (space) => compareAlike(spoilt(spoil), spaceScope(space), { reduced: true }, 3000).difference,
    );

  test.each([
    ["the cached area", 0x3f],
    ["the hole's size", 0x3f << 6],
    ["where the cached window began", 0x3f << 12],
    ["the cached alignment", 0xff << 18],
  ])("%s", (_what, bits) => {
    const clear = (words: Int32Array, at: number) => {
      words[at + 1] = (words[at + 1] as number) & ~bits;
    };
    expect(noticed(clear)).toBe(true);
  });

  test("whether an area is lazy", () => {
    const asBusy = (words: Int32Array, at: number) => {
      // 2 begins a lazy area and 1 a busy one; 3 goes on.
      const pages = words[at] as number;
      const lazyStarts = (pages >>> 1) & ~pages & 0x55555555;
      words[at] = (pages & ~(lazyStarts << 1)) | lazyStarts;
    };
    expect(noticed(asBusy)).toBe(true);
  });
});
