/** A kernel beside the reference, as a subject to explore. */
import { asWritten, formatHistory } from "../adapters/vmap/history-file.ts";
import { replay } from "../engine/run/stepper.ts";
import type { ShortestViolation } from "../engine/search/visitable.ts";
import { explorableKernel } from "../properties/vmap/explorable-kernel.ts";
import { historyOf } from "../properties/vmap/history-of.ts";
import { benchFor, type JudgedStep } from "../properties/vmap/test-bench.ts";
import type { LawId } from "../spec/contract.ts";
import type { Command } from "../spec/vmap/commands.ts";
import type { HistoryStep } from "../spec/vmap/history.ts";
import { isPromised, judgedAlsoBy, type Kernel } from "../spec/vmap/kernel.ts";
import type { Scope } from "../spec/vmap/scope.ts";
import { namesOf } from "./hunt-target.ts";
import { inSteps } from "./interleaved-orders.ts";
import { callsIn, parametersFor, refuseMisfits, scopeOf } from "./kernel-scope.ts";
import type { Report, Subject } from "./subject-types.ts";

/** The kernel, judged also by the requested law, if there is one. */
export function kernelSubject(released: Kernel, law?: LawId): Subject {
  const kernel = law === undefined ? released : judgedAlsoBy(released, law);
  return {
    name: kernel.name,
    says: `A kernel beside the reference: every request of the scope, the free of every area, and purges; with blocks also maps, reads, pins and vm_unmap_aliases, with pools that alone.${inSteps(kernel.release)}`,
    parameters: parametersFor(law),
    continuesAfterViolation: true,
    hasFootprints: false,
    open: (parameters, { merged }) => {
      const scope = scopeOf(parameters);
      refuseMisfits(scope, [kernel]);
      const calls = callsIn(scope, parameters.vmap === 1);
      const machine = explorableKernel(kernel, scope, { reduced: merged, calls });
      return {
        grain: "call",
        machine,
        kernel,
        scope,
        explain: (found) => {
          const report = explain(kernel, scope, machine.commands, found);
          return { ...report, history: report.history.map(asWritten) };
        },
      };
    },
  };
}

/** A violation, named and confirmed. Throws an Error if the reference does not confirm it. */
export function explain(
  kernel: Kernel,
  scope: Scope,
  commands: readonly Command[],
  { law, run }: ShortestViolation,
): Report & { readonly history: readonly HistoryStep[] } {
  const history = historyOf(commands, run, kernel, scope);
  const played = replay(benchFor(kernel, scope), history, law);
  const last = played.at(-1) as JudgedStep;
  if (played.length !== history.length || !last.violated.some(({ id }) => id === law))
    throw new Error(`vmapcheck itself is wrong: the reference does not confirm that ${law} is violated here`);
  const named = namesOf(kernel, last).find((each) => each.law === law);
  const promised = isPromised(kernel, law);
  const file = formatHistory({ kernel: kernel.name, law, scope, commands: history });
  return { law, run, history, played, bug: named?.known, listed: named?.listed ?? false, promised, file };
}
