/** Simpler forms of a step: what a reader would rather see in a counterexample, best first. */
import type { HistoryStep } from "../spec/history.ts";
import type { Scope } from "../spec/scope.ts";
import { PAGE_SIZE } from "../spec/vocabulary.ts";

/** Every form simpler than this one: each differs in one argument, which it brings down. */
export function* simpler(step: HistoryStep, scope: Scope): Iterable<HistoryStep> {
  if (step.op === "alloc") {
    // A request that was only there to be refused, and so to purge.
    yield { op: "purge" };
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
}
