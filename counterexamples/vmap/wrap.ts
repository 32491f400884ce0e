/** Bugs of searches that pass the end of the window, or of the address space. */
import { listKernel, rules2_6_27 } from "../../kernels/vmap/linux-2.6.27.ts";
import { placedExtent, requestOf } from "../../spec/vmap/laws/law.ts";
import type { Bug, Evidence } from "./bug.ts";
import { repaired2_6_27, repaired2_6_28, repaired2_6_39 } from "./controls/repaired-kernels.ts";
import { wrapsOf } from "./evidence.ts";

export const vaNoWrapCheck: Bug = {
  id: "va-no-wrap-check",
  number: "A4",
  says: "Nothing tests whether address plus size passes the top of the word; the sum comes out small and looks as if it fitted.",
  source: '"mm: vmap fix overflow", 7766970cc15a; introduced by db64fe02258f',
  fixed: "2.6.29 and 2.6.28.10",
  changed: undefined,
  violations: [
    { law: "in-window", on: ["2.6.28"], pinned: "in-window.json", repaired: repaired2_6_28 },
    { law: "no-bug", on: ["2.6.28"], pinned: "no-bug.json", repaired: repaired2_6_28 },
    { law: "no-overlap", on: ["2.6.28"], pinned: "no-overlap.json", repaired: repaired2_6_28 },
    {
      law: "flush-before-reuse",
      on: ["2.6.28"],
      pinned: "flush-before-reuse.json",
      repaired: repaired2_6_28,
    },
  ],
  explains: (evidence) => wrapsOf(evidence).includes("end-beyond-top"),
};

const WITH_WRAP_SIZE_MINUS_ONE = [
  "2.6.28.10",
  "2.6.28",
  "2.6.37",
  "piggin-draft-1",
  "piggin-draft-3",
  "2.6.39",
  "3.1",
];

/** The same, the one it was pinned on first. */
const CACHED_FIRST = ["2.6.39", ...WITH_WRAP_SIZE_MINUS_ONE.filter((label) => label !== "2.6.39")];

export const wrapSizeMinusOne: Bug = {
  id: "wrap-size-minus-one",
  number: "A10",
  says: "`addr + size - 1 < addr` is false when addr + size is exactly 2^W: the area's end becomes 0 and passes every later test.",
  source: 'bcb615a81b17; 89699605: "won\'t the vend checks go wrong if addr + size is 0?"',
  fixed: "3.11 and 3.10.y",
  changed: undefined,
  violations: [
    { law: "in-window", on: WITH_WRAP_SIZE_MINUS_ONE, pinned: "in-window.json", repaired: repaired2_6_28 },
    { law: "no-bug", on: CACHED_FIRST, pinned: "no-bug.json", repaired: repaired2_6_39 },
    { law: "no-overlap", on: WITH_WRAP_SIZE_MINUS_ONE, pinned: "no-overlap.json", repaired: repaired2_6_28 },
    {
      law: "flush-before-reuse",
      on: WITH_WRAP_SIZE_MINUS_ONE,
      pinned: "flush-before-reuse.json",
      repaired: repaired2_6_28,
    },
  ],
  explains: (evidence) => wrapsOf(evidence).includes("end-at-top"),
};

/** Releases with a BUG_ON for an address below the window. */
const ASSERTING = ["2.6.39", "piggin-draft-1", "piggin-draft-3", "3.1", "3.10.65", "3.16", "4.4", "4.15.0"];
const NOT_ASSERTING = ["2.6.28", "2.6.28.10", "2.6.37"];
/** In a window that begins at 0, 0 is not below the window: even the test of afd07389d3f4 accepts it. */
const IN_WHOLE_SPACE = [...ASSERTING, "4.15.18-ubuntu"];

export const alignWrapToZero: Bug = {
  id: "align-wrap-to-zero",
  number: "A11",
  says: "ALIGN(addr, align), or the guard page added before it, wraps to 0; 0 plus the size passes every test, and the area is placed below its window, or a BUG_ON stops the kernel. A second one lands on the first.",
  source: "afd07389d3f4, Uladzislau Rezki, 2019; found by test_vmalloc's align_shift_alloc_test",
  fixed: "5.1, stable trees and 4.15.18-ubuntu, but for windows that begin at 0; 5.2 replaced the search",
  changed: undefined,
  violations: [
    {
      law: "in-window",
      on: ["2.6.27", ...NOT_ASSERTING],
      pinned: "in-window.json",
      repaired: repaired2_6_27,
    },
    { law: "no-bug", on: ASSERTING, pinned: "no-bug.json", repaired: repaired2_6_39 },
    { law: "no-bug", on: NOT_ASSERTING, pinned: "no-bug.second-wrap.json", repaired: repaired2_6_28 },
    {
      law: "no-overlap",
      on: [...NOT_ASSERTING, "2.6.27"],
      pinned: "no-overlap.json",
      repaired: repaired2_6_28,
    },
    {
      law: "no-overlap",
      on: IN_WHOLE_SPACE,
      pinned: "no-overlap.whole-space.json",
      repaired: repaired2_6_39,
    },
    { law: "guard-gap", on: ["2.6.39"], pinned: "guard-gap.json", repaired: repaired2_6_39 },
    {
      law: "flush-before-reuse",
      on: NOT_ASSERTING,
      pinned: "flush-before-reuse.json",
      repaired: repaired2_6_28,
    },
    {
      law: "flush-before-reuse",
      on: IN_WHOLE_SPACE,
      pinned: "flush-before-reuse.whole-space.json",
      repaired: repaired2_6_39,
    },
  ],
  explains: (evidence) => wrapsOf(evidence).includes("alignment"),
};

const withoutVmlistOverrunsEnd = listKernel(
  { ...rules2_6_27, holeAllowed: (addr, length, request) => addr + length <= request.vend },
  "2.6.27 testing the end before another area too",
);

export const vmlistOverrunsEnd: Bug = {
  id: "vmlist-overruns-end",
  number: "E1",
  says: "The list allocator tests the window's end only behind the last area: a hole before another area is used although it reaches beyond the end.",
  source: "catalogue section 11, E1: seen in the recordings of 2.6.27; no report known",
  fixed: "2.6.28, where db64fe02 replaced the allocator",
  changed: undefined,
  violations: [
    { law: "in-window", on: ["2.6.27"], pinned: "in-window.json", repaired: withoutVmlistOverrunsEnd },
  ],
  explains: overrunsBeforeAnother,
};

/** Placed inside the window's start, beyond its end, and below some other area. */
function overrunsBeforeAnother({ before, command, response }: Evidence): boolean {
  const request = requestOf(before, command);
  if (request === undefined || response.kind !== "placed" || response.start < request.vstart) return false;
  const { end } = placedExtent(before, request, response.start);
  return before.areasIn({ start: end, end: before.scope.wordPages }).length > 0;
}

const withoutVmlistEndUnderflow = listKernel(
  { ...rules2_6_27, lastStart: (_word, vend, length) => vend - length },
  "2.6.27 subtracting without a wrap",
);

export const vmlistEndUnderflow: Bug = {
  id: "vmlist-end-underflow",
  number: undefined,
  says: "The list allocator tests `addr > end - size`; where the size is larger than the window's end itself, the difference wraps to the top of the word and every address passes.",
  source:
    "the test of 2.6.27's __get_vm_area_node; found here at random, not in the catalogue, and no report known. It takes a window near address 0, which no kernel of that time had",
  latent: true,
  fixed: "2.6.28, where db64fe02 replaced the allocator",
  changed: undefined,
  violations: [
    { law: "in-window", on: ["2.6.27"], pinned: "in-window.json", repaired: withoutVmlistEndUnderflow },
  ],
  explains: ({ before, command }) => {
    const request = requestOf(before, command);
    return request !== undefined && request.size + before.promises.guard.inside > request.vend;
  },
};
