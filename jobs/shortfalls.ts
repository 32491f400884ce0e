/** The laws that a kernel does not promise and falls short of in one history, as far as the catalogue explains them. */
import type { Bug } from "../counterexamples/bug.ts";
import { attributeViolations } from "../counterexamples/vmap/index.ts";
import { begin } from "../engine/run/stepper.ts";
import { benchFor } from "../properties/vmap/test-bench.ts";
import type { HistoryStep } from "../spec/vmap/history.ts";
import { isPromised, type Kernel } from "../spec/vmap/kernel.ts";
import { LAWS } from "../spec/vmap/laws/index.ts";
import type { VmapLaw } from "../spec/vmap/laws/law.ts";
import type { Scope } from "../spec/vmap/scope.ts";

export interface Shortfall {
  readonly law: VmapLaw;
  readonly bug: Bug;
  /** The first step that shows it, counted from 1. */
  readonly step: number;
}

/** The first shortfall of each law. */
export function shortfallsIn(
  kernel: Kernel,
  { scope, commands }: { readonly scope: Scope; readonly commands: readonly HistoryStep[] },
): readonly Shortfall[] {
  const laws = LAWS.filter(({ id }) => !isPromised(kernel, id));
  const stepper = begin({ ...benchFor(kernel, scope), laws });
  const found = new Map<string, Shortfall>();
  for (const each of commands) {
    const { index, before, command, response, after, violated } = stepper.take(each);
    if (command === undefined || response === undefined) continue;
    for (const { law: id, bug } of attributeViolations(kernel.name, violated, {
      before,
      command,
      response,
      after,
    })) {
      const known = bug?.violations.some((known) => known.law === id && known.on.includes(kernel.name));
      const law = laws.find((each) => each.id === id);
      if (!known || bug === undefined || law === undefined || found.has(id)) continue;
      found.set(id, { law, bug, step: index + 1 });
    }
    if (after === undefined) break;
  }
  return [...found.values()];
}
