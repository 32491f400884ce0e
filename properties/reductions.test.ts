/** That states which the explorer takes for one answer alike for ever: compared with one another, action by action. */
import { serialize } from "node:v8";
import { describe, expect, test } from "vitest";
import { BUGS } from "../counterexamples/index.ts";
import { KERNELS } from "../kernels/index.ts";
import { linux2_6_39 } from "../kernels/linux-2.6.39.ts";
import type { State } from "../kernels/state.ts";
import type { Command, Response } from "../spec/commands.ts";
import type { Kernel, StateForm } from "../spec/kernel.ts";
import { commandsOf } from "./side-by-side.ts";
import { MIDDLE, type Space, spaceScope } from "./spaces.ts";

/** What a caller sees of a reply here; how many pages are lazy is told apart only where it matters. */
function shown(response: Response): string {
  const start = response.kind === "placed" ? response.start : "";
  return [response.kind, start, ...response.flushes.map(({ start, end }) => `${start}-${end}`)].join(" ");
}

/** A reply after which kernel and reference may disagree; what follows is not explored. */
function isIllegal(command: Command, response: Response): boolean {
  if (response.kind === "bug") return true;
  if (command.op !== "alloc" || response.kind !== "placed") return false;
  return response.start < command.vstart || response.start + command.size > command.vend;
}

/**
 * Visits so many concrete states, tree shapes and slots told apart, and compares each with the first of its form.
 * The first two that differ, as text; undefined if none do.
 */
function firstDifference(
  kernel: Kernel<State>,
  space: Space,
  { form, most }: { readonly form: StateForm<State>; readonly most: number },
): { readonly difference: string | undefined; readonly states: number; readonly forms: number } {
  const scope = spaceScope(space);
  const commands = commandsOf(scope);
  const known = new Map<string, readonly string[]>();
  const met = new Set<string>();
  const queue: State[] = [kernel.initial(scope)];
  const formOf = (state: State) => {
    const words = new Int32Array(form.words);
    form.write(state, words, 0);
    return words.join();
  };
  for (let head = 0; head < queue.length && head < most; head++) {
    const state = queue[head] as State;
    const own = formOf(state);
    const replies = commands.map((command) => {
      const after = kernel.copy(state);
      const held = kernel
        .dump(state)
        .areas.some((area) => area.start === (command as { start?: number }).start && !area.lazy);
      if (command.op === "free" && !held) return "";
      const response = kernel.act(after, command);
      if (isIllegal(command, response)) return `${shown(response)} illegal`;
      after.areas.descriptors = 0;
      const key = serialize(after).toString("latin1");
      if (!met.has(key)) {
        met.add(key);
        queue.push(after);
      }
      return `${shown(response)} then ${formOf(after)}`;
    });
    const first = known.get(own);
    if (first === undefined) known.set(own, replies);
    else {
      const at = replies.findIndex((reply, nth) => reply !== first[nth]);
      if (at >= 0) {
        const difference = `${JSON.stringify(commands[at])} in ${own}: ${first[at]}, or ${replies[at]}`;
        return { difference, states: head, forms: known.size };
      }
    }
  }
  return { difference: undefined, states: Math.min(most, queue.length), forms: known.size };
}

const SPACES: readonly Space[] = [
  { pages: 5, sizes: 5, aligns: 3, windows: 4, at: MIDDLE },
  { pages: 7, sizes: 2, aligns: 2, windows: 1, at: MIDDLE },
];
const CHANGED = BUGS.flatMap(({ changed }) => (changed === undefined ? [] : [changed]));
/** Concrete states a kernel and space; several thousand each were compared once, with the same verdict. */
const MOST = 100;

describe.each([...KERNELS, ...CHANGED])("states of $name that look alike", (kernel) => {
  test.each(SPACES)("answer alike: $pages pages, sizes to $sizes, $windows windows", (space) => {
    const form = kernel.form(spaceScope(space), true);
    const { difference, states, forms } = firstDifference(kernel, space, { form, most: MOST });
    expect(difference).toBeUndefined();
    expect(forms).toBeLessThan(states);
  });
});

describe("the comparison notices a form that leaves out", () => {
  const two: Space = { pages: 6, sizes: 3, aligns: 2, windows: 2, at: MIDDLE };
  const more = SPACES[0] as Space;

  /** The form with this done to its words: one of pages, then one of the cache. */
  function spoilt(space: Space, spoil: (words: Int32Array, at: number) => void): StateForm<State> {
    const good = linux2_6_39.form(spaceScope(space), true);
    return {
      ...good,
      write: (state, into, at) => {
        good.write(state, into, at);
        spoil(into, at);
      },
    };
  }

  const noticed = (space: Space, spoil: (words: Int32Array, at: number) => void) =>
    firstDifference(linux2_6_39, space, { form: spoilt(space, spoil), most: 2000 }).difference !== undefined;

  test.each([
    ["the cached area", two, 0x3f],
    ["the hole's size", more, 0x3f << 6],
    ["where the cached window began", two, 0x3f << 12],
    ["the cached alignment", two, 0xff << 18],
  ] as const)("%s", (_what, space, bits) => {
    const clear = (words: Int32Array, at: number) => {
      words[at + 1] = (words[at + 1] as number) & ~bits;
    };
    expect(noticed(space, clear)).toBe(true);
  });

  test("whether an area is lazy", () => {
    const asBusy = (words: Int32Array, at: number) => {
      // 2 begins a lazy area and 1 a busy one; 3 goes on.
      const pages = words[at] as number;
      const lazyStarts = (pages >>> 1) & ~pages & 0x55555555;
      words[at] = (pages & ~(lazyStarts << 1)) | lazyStarts;
    };
    expect(noticed(two, asBusy)).toBe(true);
  });
});
