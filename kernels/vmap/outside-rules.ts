/**
 * How the kernels differ in what they make of calls outside their domain: unmap-calls.ts has the calls. From where
 * each is known: docs/findings.md.
 */
export interface OutsideRules {
  /** alloc_vmap_area of no page: an area of no page, BUG_ON(!size) (2.6.28.10), or -EINVAL (6.3). */
  readonly allocOfNothing: "placed" | "bug" | "refused";
  /**
   * remove_vm_area of an area that is lazy, where it still finds such: it looks for its vm_struct in vmlist, from which
   * it was taken, and reads on at NULL; or finds that it has none any more, and warns (3.10).
   */
  readonly freeAgain: "bug" | "warned";
  /** vm_unmap_ram of many pages, where it finds no area: BUG_ON(!va), or WARN_ON_ONCE (6.3). */
  readonly unmapNowhere: "bug" | "warned";
  /** remove_vm_area takes what it finds out of the tree, and then sees whether it has a vm_struct (6.3). */
  readonly unlinksAny: boolean;
}

export const outside2_6_28: OutsideRules = {
  allocOfNothing: "placed",
  freeAgain: "bug",
  unmapNowhere: "bug",
  unlinksAny: false,
};
export const outside2_6_28_10: OutsideRules = { ...outside2_6_28, allocOfNothing: "bug" };
export const outside3_10: OutsideRules = { ...outside2_6_28_10, freeAgain: "warned" };
export const outside6_3: OutsideRules = {
  allocOfNothing: "refused",
  freeAgain: "warned",
  unmapNowhere: "warned",
  unlinksAny: true,
};
