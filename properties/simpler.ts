/** Simpler forms of a step: what a reader would rather see in a counterexample, best first. */
import type { Congruent } from "../spec/commands.ts";
import { outOfDomain } from "../spec/congruent.ts";
import type { HistoryStep } from "../spec/history.ts";
import type { Scope } from "../spec/scope.ts";
import { alignmentInPages, PAGE_SIZE } from "../spec/vocabulary.ts";

/** Every form simpler than this one: each differs in one argument, which it brings down. */
export function* simpler(step: HistoryStep, scope: Scope): Iterable<HistoryStep> {
  if (step.op === "alloc") {
    // A request that was only there to be refused, and so to purge.
    yield { op: "purge" };
    const { cpu, noblock, ...plain } = step;
    if (noblock) yield { ...plain, ...(cpu === undefined ? {} : { cpu }) };
    if (cpu !== undefined) yield { ...plain, ...(noblock ? { noblock } : {}) };
    if (step.map) yield { ...step, map: false };
    for (let size = 1; size < step.size; size++) yield { ...step, size };
    if (step.align !== PAGE_SIZE) yield { ...step, align: PAGE_SIZE };
    for (let align = 2 * PAGE_SIZE; align < step.align; align *= 2) yield { ...step, align };
    for (const window of scope.windows) {
      if (window.vstart === step.vstart && window.vend === step.vend) break;
      yield { ...step, ...window };
    }
  }
  if (step.op === "vmap") {
    yield { op: "purge" };
    if (step.noGuard) yield { op: "vmap", count: step.count };
    for (let count = 1; count < step.count; count++) yield { ...step, count };
  }
  // A pin, or a call for what blocks have dirty, that was only there to purge.
  if (step.op === "pin") yield { op: "unmapAliases" };
  if (step.op === "unmapAliases") yield { op: "purge" };
  if (step.op === "mapRam") {
    if (step.cpu > 0) yield { ...step, cpu: 0 };
    for (let count = 1; count < step.count; count++) yield { ...step, count };
  }
  if (step.op === "unmapRam" && step.cpu > 0) yield { ...step, cpu: 0 };
  if (step.op === "touch") {
    if (step.write) yield { op: "touch", cpu: step.cpu, area: step.area, page: step.page };
    if (step.cpu > 0) yield { ...step, cpu: 0 };
    if (step.page > 0) yield { ...step, page: 0 };
  }
  if (step.op === "pcpuGet") {
    yield { op: "purge" };
    for (const congruent of simplerCongruent(step)) yield { op: "pcpuGet", ...congruent };
  }
}

/** Fewer areas, a page's alignment, smaller ones, ones closer together: each where the call's domain has it. */
function simplerCongruent({ offsets, sizes, align }: Congruent): readonly Congruent[] {
  const step = alignmentInPages(align);
  const numbers = offsets.map((_offset, nth) => nth);
  const less = (values: readonly number[], at: number) =>
    values.map((value, nth) => (nth === at ? value - step : value));
  const fewer = numbers.map((at) => {
    const left = offsets.toSpliced(at, 1);
    const lowest = Math.min(...left);
    return { offsets: left.map((offset) => offset - lowest), sizes: sizes.toSpliced(at, 1), align };
  });
  return [
    ...(offsets.length > 1 ? fewer : []),
    ...(align === PAGE_SIZE ? [] : [{ offsets, sizes, align: PAGE_SIZE }]),
    ...numbers.map((at) => ({ offsets, sizes: less(sizes, at), align })),
    ...numbers.map((at) => ({ offsets: less(offsets, at), sizes, align })),
  ].filter((congruent) => outOfDomain(congruent) === undefined);
}
