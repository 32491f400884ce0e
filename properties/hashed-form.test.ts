/**
 * That states which the explorer takes for one, their hashes being equal, answer alike for ever: compared with one
 * another, action by action, by what a reply says, what it breaks and which state it leads to.
 */
import { serialize } from "node:v8";
import { describe, expect, test } from "vitest";
import { BUGS } from "../counterexamples/index.ts";
import { DISABLED, type LiveMachine } from "../engine/live.ts";
import { KERNELS } from "../kernels/index.ts";
import type { State } from "../kernels/state.ts";
import type { Command, Response } from "../spec/commands.ts";
import type { Kernel } from "../spec/kernel.ts";
import { AREAS_ONLY, type Scope } from "../spec/scope.ts";
import { PAGE_SIZE } from "../spec/vocabulary.ts";
import { type Call, commandsOf } from "./callers.ts";
import { type Both, Hashing } from "./hashed-form.ts";
import { liveKernel } from "./side-by-side.ts";

interface Space {
  readonly what: string;
  readonly scope: Scope;
  readonly calls: readonly Call[];
}

const EVERY_CALL: readonly Call[] = [
  "alloc",
  "allocMapped",
  "map",
  "touch",
  "write",
  "pin",
  "purge",
  "unmapAliases",
];

const ALL: Space = {
  what: "every call, areas beside blocks of two pages",
  calls: EVERY_CALL,
  scope: {
    name: "all",
    wordPages: 64,
    cpus: 2,
    lazyMaxPages: 3,
    vmalloc: { vstart: 16, vend: 22 },
    blockPages: 2,
    bitsPerLong: 1,
    beforeInit: false,
    counts: [1, 2],
    sizes: [1, 2],
    aligns: [PAGE_SIZE],
    windows: [{ vstart: 16, vend: 20 }],
  },
};
const BLOCKS: Space = {
  what: "blocks of four pages and pins",
  calls: ["map", "touch", "pin", "purge", "unmapAliases"],
  scope: {
    ...ALL.scope,
    cpus: 1,
    beforeInit: true,
    lazyMaxPages: 4,
    blockPages: 4,
    bitsPerLong: 2,
    vmalloc: { vstart: 16, vend: 28 },
  },
};
const TOP: Space = {
  what: "areas that wrap at the top of the word, beyond every break",
  calls: ["alloc", "purge"],
  scope: {
    ...AREAS_ONLY,
    name: "top",
    wordPages: 16,
    cpus: 1,
    lazyMaxPages: 2,
    sizes: [1, 4, 8],
    aligns: [PAGE_SIZE, 8 * PAGE_SIZE],
    windows: [
      { vstart: 0, vend: 15 },
      { vstart: 9, vend: 15 },
    ],
  },
};

/** What a caller sees of a reply, but for which frame is which. */
function shown(response: Response): string {
  const { flushes, pteSet, pteCleared, lazyPages, usedAfterFree, dirtyLines } = response;
  const result: unknown[] = [response.kind];
  if (response.kind === "placed") result.push(response.start, response.mapStopped);
  if (response.kind === "reached") result.push(response.hit, response.frame === null);
  if (response.kind === "pinned") result.push(response.swept, response.ptes);
  if (response.kind === "done" && response.aliases !== undefined) {
    const { staleTlb, deadTlb, deadPtes } = response.aliases;
    const where = [staleTlb, deadTlb].map((all) => all.map(({ cpu, page }) => [cpu, page]));
    result.push(where, deadPtes);
  }
  return JSON.stringify([result, flushes, pteSet, pteCleared, lazyPages, usedAfterFree, dirtyLines]);
}

/** So many different states of one form are compared, and gone on from. */
const ALIKE = 3;

interface Compared {
  /** The first two replies that differ, as text; undefined if none do. */
  readonly difference: string | undefined;
  readonly states: number;
  readonly forms: number;
}

function compareAlike(kernel: Kernel<State>, { scope, calls }: Space, most: number): Compared {
  const heard = new Hearing(kernel, scope, calls);
  const { machine, commands } = heard;
  const known = new Map<string, readonly string[]>();
  const met = new Map<string, number>();
  const concrete = new Set<string>();
  const queue: Both<State>[] = [machine.initial()];
  const after = machine.initial();
  for (let head = 0; head < queue.length && head < most; head++) {
    const both = queue[head] as Both<State>;
    const own = heard.form(both);
    machine.assign(after, both);
    const replies = commands.map((_command, action) => {
      const reply = heard.take(after, action);
      if (reply === "") return reply;
      const form = heard.form(after);
      const alike = met.get(form) ?? 0;
      if (alike < ALIKE && after.world !== both.world) {
        const key = serialize(after.state).toString("latin1");
        if (!concrete.has(key)) {
          concrete.add(key);
          met.set(form, alike + 1);
          queue.push(machine.copy(after));
        }
      }
      machine.assign(after, both);
      return `${reply} then ${form}`;
    });
    const first = known.get(own) ?? replies;
    known.set(own, first);
    const at = replies.findIndex((reply, nth) => reply !== first[nth]);
    if (at >= 0) {
      const difference = `${JSON.stringify(commands[at])}: ${first[at]}, or ${replies[at]}`;
      return { difference, states: head, forms: known.size };
    }
  }
  return { difference: undefined, states: Math.min(most, queue.length), forms: known.size };
}

/** The machine an explorer visits, and what its kernel replied last. */
class Hearing {
  readonly machine: LiveMachine<Both<State>>;
  readonly commands: readonly Command[];
  readonly #words: Int32Array;
  #last = "";

  constructor(kernel: Kernel<State>, scope: Scope, calls: readonly Call[]) {
    const heard: Kernel<State> = {
      ...kernel,
      act: (state, command) => {
        const response = kernel.act(state, command);
        this.#last = shown(response);
        return response;
      },
    };
    this.machine = liveKernel(heard, scope, { reduced: true, calls, beyondBreaks: true });
    this.commands = commandsOf(scope, calls, true);
    this.#words = new Int32Array(this.machine.words);
  }

  form(both: Both<State>): string {
    this.machine.form(both, this.#words, 0);
    return this.#words.join();
  }

  /** Takes an action in place: what it was answered, and what that broke; nothing where it cannot be taken. */
  take(both: Both<State>, action: number): string {
    const outcome = this.machine.take(both, action);
    return outcome === DISABLED ? "" : `${this.#last} breaks ${outcome}`;
  }
}

const CHANGED = BUGS.flatMap(({ changed }) => (changed === undefined ? [] : [changed]));

describe.each([...KERNELS, ...CHANGED])("states of $name whose hashes are equal", (kernel) => {
  test.each([ALL, BLOCKS, TOP])("answer alike: $what", (space) => {
    const { difference, states, forms } = compareAlike(kernel, space, 150);
    expect(difference).toBeUndefined();
    // A kernel of the time before blocks has nothing to do where callers only map.
    if (kernel.release.fragments !== "no blocks") expect(forms).toBeLessThan(states);
  });
});

describe("the comparison notices", () => {
  const kernel = (name: string) => KERNELS.find((each) => each.name === name) as Kernel<State>;
  /** The kernel whose state is noted as if it were another. */
  const noting = (name: string, as: (state: State) => State): Kernel<State> => {
    const good = kernel(name);
    return { ...good, notes: (state, to, pins) => good.notes(as(state), to, pins) };
  };
  const without: readonly (readonly [string, Kernel<State>, Space])[] = [
    ["the cached area", noting("3.1", (state) => ({ ...state, freeVmapCache: -1 })), TOP],
    ["the largest hole passed", noting("3.1", (state) => ({ ...state, cachedHoleSize: 0 })), TOP],
    [
      "free frames",
      { ...kernel("2.6.39"), notes: (state, to) => kernel("2.6.39").notes(state, to, false) },
      BLOCKS,
    ],
    ["the kernel's state", { ...kernel("3.16"), notes: () => {} }, BLOCKS],
  ];

  test.each(without)("a form that leaves out %s", (_what, forgetting, space) => {
    expect(compareAlike(forgetting, space, 4000).difference).toBeDefined();
  });
});

describe("a hash", () => {
  const of = (note: (to: Hashing) => void): string => {
    const hashing = new Hashing();
    const words = new Int32Array(4);
    hashing.begin();
    note(hashing);
    hashing.write(words, 0);
    return words.join();
  };
  const numbers = (...all: number[]) => of((to) => all.forEach((each) => void to.number(each)));
  const frames = (...all: number[]) => of((to) => all.forEach((each) => void to.frame(each)));

  test("differs where a number does, also one of more than 32 bits", () => {
    const all = [
      numbers(),
      numbers(0),
      numbers(0, 0),
      numbers(1),
      numbers(-1),
      numbers(2 ** 32),
      numbers(2 ** 51),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(numbers(1, 2)).not.toBe(numbers(2, 1));
  });

  test("does not tell which frame a frame is, but where it was noted before", () => {
    expect(frames(7, 9, 7)).toBe(frames(3, 4, 3));
    expect(frames(7, 9, 7)).not.toBe(frames(7, 9, 9));
  });

  test("spreads small changes over all of its words", () => {
    const words = Array.from({ length: 4096 }, (_none, nth) => numbers(nth & 63, nth >> 6).split(","));
    for (let word = 0; word < 4; word++)
      expect(new Set(words.map((all) => all[word])).size).toBeGreaterThan(4090);
  });
});
