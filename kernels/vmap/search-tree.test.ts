import { describe, expect, test } from "vitest";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { AREAS_ONLY, type Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import { kernelCalled } from "./index.ts";
import type { State } from "./state.ts";

/** Pages are counted from here. */
const BASE = 128;
const SCOPE: Scope = {
  ...AREAS_ONLY,
  name: "pages",
  wordPages: 512,
  cpus: 1,
  lazyMaxPages: null,
  sizes: [],
  aligns: [],
  windows: [],
};

type Asked = readonly [size: number, align: number, vstart: number, vend: number, endsInside?: true];

/** Where each of these requests is placed, counted from BASE; undefined for one that is refused. */
function placesOf(label: string, requests: readonly Asked[]): (number | undefined)[] {
  const kernel = kernelCalled(label) as Kernel<State>;
  const state = kernel.initial(SCOPE);
  return requests.map(([size, align, vstart, vend, endsInside]) => {
    const window = { vstart: BASE + vstart, vend: BASE + vend, ...(endsInside && { endsInside }) };
    const reply = kernel.act(state, { op: "alloc", size, align: align * PAGE_SIZE, ...window, map: false });
    return reply.kind === "placed" ? reply.start - BASE : undefined;
  });
}

const WITH_OVERHEAD = ["5.2", "5.10", "5.11"];
const OVERHEAD_ABOVE_PAGE = ["6.1", "6.4", "6.5", "6.12", "6.19"];

describe("an aligned request (A13, catalogue section 11)", () => {
  // A.B.., then C at 2: what is left is page 1 and all from 3 on
  const exactHole: Asked[] = [
    [1, 2, 3, 64],
    [1, 1, 0, 64],
    [1, 2, 0, 64],
    [1, 1, 0, 64],
  ];

  test.each(WITH_OVERHEAD)(
    "On %s an aligned request of one page passes a hole of one page (A13)",
    (label) => {
      expect(placesOf(label, exactHole)).toEqual([4, 0, 2, 3]);
    },
  );

  test.each(["5.17", ...OVERHEAD_ABOVE_PAGE])(
    "On %s an aligned request of one page takes a hole of one page",
    (label) => {
      expect(placesOf(label, exactHole)).toEqual([4, 0, 2, 1]);
    },
  );

  const notLowest: Asked[] = [
    [1, 1, 0, 64],
    [1, 2, 0, 64],
    [1, 1, 5, 64],
    [1, 2, 0, 64],
  ];

  test.each([...WITH_OVERHEAD, ...OVERHEAD_ABOVE_PAGE])(
    "On %s an aligned request of two pages misses the lowest fit (A13)",
    (label) => {
      expect(placesOf(label, notLowest)).toEqual([0, 2, 5, 6]);
    },
  );

  test("On 5.17 an aligned request takes the lowest fit", () => {
    expect(placesOf("5.17", notLowest)).toEqual([0, 2, 5, 4]);
  });

  const inWindow: Asked[] = [
    [1, 1, 0, 128],
    [1, 1, 37, 128],
    [1, 64, 0, 128],
    [11, 16, 27, 64],
  ];

  test.each([...WITH_OVERHEAD, ...OVERHEAD_ABOVE_PAGE])(
    "On %s an aligned request is refused although it fits at page 48 (A13)",
    (label) => {
      expect(placesOf(label, inWindow)).toEqual([0, 37, 64, undefined]);
    },
  );

  test("On 5.17 an aligned request is placed at page 48", () => {
    expect(placesOf("5.17", inWindow)).toEqual([0, 37, 64, 48]);
  });

  test("From 6.1 on an aligned request needs no room for its alignment in a window of exactly its size", () => {
    // AAAA then the two pages [4, 6) of a window of two
    const exact: Asked[] = [
      [4, 1, 0, 64],
      [2, 1, 6, 64],
      [2, 2, 4, 6],
    ];
    expect(placesOf("6.1", exact)).toEqual([0, 6, 4]);
  });

  test("An aligned request needs room for its alignment in a window with some bytes more than its size", () => {
    const asked = (...more: [true?]): Asked[] => [...inWindow.slice(0, 3), [16, 16, 48, 64, ...more]];
    expect(placesOf("6.1", asked())).toEqual([0, 37, 64, 48]);
    expect(placesOf("6.1", asked(true))).toEqual([0, 37, 64, undefined]);
  });
});

test.each([...WITH_OVERHEAD, "5.17", ...OVERHEAD_ABOVE_PAGE])(
  "Page 0 and the last page of the word are never given out on %s",
  (label) => {
    const whole = { vstart: 0, vend: 511 };
    const kernel = kernelCalled(label) as Kernel<State>;
    const ask = (size: number) =>
      kernel.act(kernel.initial(SCOPE), { op: "alloc", size, align: PAGE_SIZE, ...whole, map: false });
    expect([ask(511).kind, ask(510)]).toMatchObject(["refused", { kind: "placed", start: 1 }]);
  },
);
