/** Simpler forms of a step: what a reader would rather see in a counterexample, best first. */
import type { Congruent } from "../../spec/vmap/commands.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import { outOfDomain } from "../../spec/vmap/percpu-layout.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { alignmentInPages, PAGE_SIZE, type Pages, type Vpn } from "../../spec/vmap/vocabulary.ts";

/** Every form simpler than this one: each differs in one argument, which it brings down. */
export function* simpler(step: HistoryStep, scope: Scope): Iterable<HistoryStep> {
  if (step.op === "alloc") {
    // A request that was only there to be refused, and so to purge.
    yield { op: "purge" };
    for (const special of ["noblock", "endsInside", "cpu"] as const) {
      const { [special]: asked, ...plain } = step;
      if (asked !== undefined) yield plain;
    }
    if (step.map) yield { ...step, map: false };
    for (const size of smaller(step.size)) yield { ...step, size };
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
    for (const count of smaller(step.count)) yield { ...step, count };
  }
  // A pin, or a call for what blocks have dirty, that was only there to purge.
  if (step.op === "pin") yield { op: "unmapAliases" };
  if (step.op === "unmapAliases") yield { op: "purge" };
  if (step.op === "mapRam") {
    if (step.cpu > 0) yield { ...step, cpu: 0 };
    for (const count of smaller(step.count)) yield { ...step, count };
  }
  if (step.op === "free") {
    if ("page" in step) yield* lowerPages(step, scope);
    else yield* nearer(step);
  }
  if (step.op === "unmapRam") {
    if (step.cpu > 0) yield { ...step, cpu: 0 };
    if ("area" in step && step.count !== undefined) {
      const { count: _other, ...plain } = step;
      yield plain;
    }
    if (step.count !== undefined) for (const count of smaller(step.count)) yield { ...step, count };
    if ("page" in step) yield* lowerPages(step, scope);
    else yield* nearer(step);
  }
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
function* simplerCongruent({ offsets, sizes, align }: Congruent): Iterable<Congruent> {
  const forms: Congruent[] = [];
  const step = alignmentInPages(align);
  for (const at of offsets.keys()) {
    const left = offsets.toSpliced(at, 1);
    const lowest = Math.min(...left);
    forms.push({ offsets: left.map((offset) => offset - lowest), sizes: sizes.toSpliced(at, 1), align });
  }
  if (align !== PAGE_SIZE) forms.push({ offsets, sizes, align: PAGE_SIZE });
  for (const [at, size] of sizes.entries()) {
    for (const smaller of lessThan(size, step))
      forms.push({ offsets, sizes: sizes.with(at, smaller), align });
  }
  for (const [at, offset] of offsets.entries()) {
    for (const closer of lessThan(offset, step))
      forms.push({ offsets: offsets.with(at, closer), sizes, align });
  }
  for (const form of forms) if (form.offsets.length > 0 && outOfDomain(form) === undefined) yield form;
}

/** At the start of what is named, or nearer to it. */
function* nearer<Step extends { readonly offset?: Pages }>(step: Step): Iterable<Step> {
  const { offset, ...plain } = step;
  if (offset === undefined) return;
  yield plain as Step;
  for (const closer of smaller(offset)) yield { ...step, offset: closer };
}

/** The first page of a window. */
function* lowerPages<Step extends { readonly page: Vpn }>(
  step: Step,
  { windows, vmalloc }: Scope,
): Iterable<Step> {
  for (const { vstart } of [...windows, vmalloc]) if (vstart < step.page) yield { ...step, page: vstart };
}

/** Every smaller count, the least first; of a large one only some. */
function* smaller(count: Pages): Iterable<Pages> {
  if (count > 64) yield* lessThan(count, 1);
  else for (let pages = 1; pages < count; pages++) yield pages;
}

/** Multiples of a step below one of them, by ever less: so that the least which serves is soon met, however far. */
function* lessThan(value: Pages, step: Pages): Iterable<Pages> {
  for (let less = step * 2 ** Math.floor(Math.log2(value / step)); less >= step; less /= 2)
    yield value - less;
}
