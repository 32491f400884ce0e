/**
 * Calls outside their domain: of no page, and frees and unmaps of what the caller does not hold. The kinds, and the
 * answer of each release (docs/findings.md gives the evidence).
 */

/**
 * "refused": the call is refused or warned about, and changes nothing. "stops": the kernel stops (BUG_ON, or a read
 * through NULL). "unchecked": the call is carried out, and may take what belongs to another caller.
 */
export type Answer = "refused" | "stops" | "unchecked";

export interface OutsideAnswers {
  /** An allocation, a vmap, a vm_map_ram of no page. */
  readonly allocOfNothing: Answer;
  readonly vmapOfNothing: Answer;
  readonly mapOfNothing: Answer;
  /** vfree where no area is; of an area that was freed and is lazy; inside an area, or of another caller's area. */
  readonly freeNowhere: Answer;
  readonly freeAgain: Answer;
  readonly freeElsewhere: Answer;
  /** vm_unmap_ram of no page. */
  readonly unmapOfNothing: Answer;
  /** Of few pages: where no block is; in a block, but not what a map there got. */
  readonly unmapOffBlocks: Answer;
  readonly unmapInBlock: Answer;
  /** Of more pages than a block serves: where no area is; of one that is lazy; of another. */
  readonly unmapNowhere: Answer;
  readonly unmapAgain: Answer;
  readonly unmapElsewhere: Answer;
  /** pcpu_free_vm_areas of areas that are not held so. */
  readonly percpuFreeElsewhere: Answer;
}

export type Outside = keyof OutsideAnswers;

/** To 2.6.27: one list, in which an area is found by its first page or not at all. */
export const OUTSIDE_2_6_27: OutsideAnswers = {
  allocOfNothing: "refused",
  vmapOfNothing: "refused",
  mapOfNothing: "refused",
  freeNowhere: "refused",
  freeAgain: "refused",
  freeElsewhere: "refused",
  unmapOfNothing: "refused",
  unmapOffBlocks: "refused",
  unmapInBlock: "refused",
  unmapNowhere: "refused",
  unmapAgain: "refused",
  unmapElsewhere: "refused",
  percpuFreeElsewhere: "refused",
};

/**
 * db64fe02: vm_unmap_ram does not check its arguments. A lazy area is found again and looked for in vmlist, where it is
 * no longer. A map of no page should be refused; C14 is what happens.
 */
export const OUTSIDE_2_6_28: OutsideAnswers = {
  ...OUTSIDE_2_6_27,
  allocOfNothing: "unchecked",
  freeAgain: "stops",
  unmapOfNothing: "stops",
  unmapOffBlocks: "stops",
  unmapInBlock: "unchecked",
  unmapNowhere: "stops",
  unmapAgain: "unchecked",
  unmapElsewhere: "unchecked",
  percpuFreeElsewhere: "stops",
};

/** BUG_ON(!size). */
export const OUTSIDE_2_6_28_10: OutsideAnswers = { ...OUTSIDE_2_6_28, allocOfNothing: "stops" };

/** 3.10: vmlist is gone; an area that was freed has no vm_struct, and the kernel warns about it. */
export const OUTSIDE_3_10: OutsideAnswers = { ...OUTSIDE_2_6_28_10, freeAgain: "refused" };

/** cef2ac3f6c8a (3.11): an area is found by any of its pages, also to be freed. */
export const OUTSIDE_3_11: OutsideAnswers = { ...OUTSIDE_3_10, freeElsewhere: "unchecked" };

/** dd3b8353bae7 (5.4): lazy areas are no longer found. */
export const OUTSIDE_5_4: OutsideAnswers = { ...OUTSIDE_3_11, unmapAgain: "stops" };

/** 6.3: -EINVAL and WARN_ON_ONCE in place of BUG_ON. */
export const OUTSIDE_6_3: OutsideAnswers = {
  ...OUTSIDE_5_4,
  allocOfNothing: "refused",
  unmapNowhere: "refused",
  unmapAgain: "refused",
};
