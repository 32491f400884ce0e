/** A kernel beside the reference, as a subject to explore. */
import { InputError } from "../adapters/input-error.ts";
import { replay } from "../engine/run/stepper.ts";
import type { ShortestViolation } from "../engine/search/visitable.ts";
import { explorable } from "../properties/explorable.ts";
import { historyOf } from "../properties/history-of.ts";
import type { PlayedOf } from "../properties/run-choices.ts";
import type { LawId } from "../spec/contract.ts";
import {
  type Bench,
  isPromised,
  judgedAlsoBy,
  type Kernel,
  type OpenWing,
  type Search,
  type Terms,
} from "../spec/wing.ts";
import { namesOf } from "./hunt-target.ts";
import type { Report, Subject } from "./subject-types.ts";

/** The kernel, judged also by the requested law, if there is one. */
export function kernelSubject<T extends Terms>(
  wing: OpenWing<T>,
  { spaces }: Search<T>,
  released: Kernel<T>,
  law?: LawId,
): Subject {
  const kernel = law === undefined ? released : judgedAlsoBy(released, law);
  return {
    name: kernel.name,
    says: spaces.says(kernel),
    parameters: spaces.parametersFor(law),
    continuesAfterViolation: true,
    hasFootprints: false,
    open: (parameters, { merged }) => {
      const place = spaces.place(parameters, [kernel]);
      const machine = explorable(spaces, kernel, place, { reduced: merged });
      const bench = wing.bench(kernel, place.scope);
      return {
        grain: "call",
        machine,
        wing,
        bench,
        explain: (found) => {
          const report = explain(wing, bench, machine.commands, found);
          return { ...report, history: report.steps.map((step) => wing.files.asWritten(step)) };
        },
      };
    },
  };
}

/** Compiled code that is broken may read memory that is no part of its state, and answer otherwise the next time. */
export class Unconfirmed extends InputError {
  constructor(kernel: string, law: LawId) {
    super(`${kernel}: ${unconfirmedText(law)}`);
  }
}

export const unconfirmedText = (law: LawId): string =>
  `${law} is violated in a state of the space, and not where that history is run again: the code reads memory that is no part of its state`;

/**
 * A violation, named and confirmed by the reference. If it is not confirmed, throws an Unconfirmed for compiled code,
 * and an Error for a model.
 */
export function explain<T extends Terms>(
  wing: OpenWing<T>,
  bench: Bench<T>,
  commands: readonly T["command"][],
  { law, run }: ShortestViolation,
): Report & { readonly steps: readonly T["step"][] } {
  const { machine: kernel, scope } = bench;
  const history = historyOf(bench, commands, run);
  const played = replay(bench, history, law);
  const last = played.at(-1) as PlayedOf<T>;
  const isConfirmed = played.length === history.length && last.violated.some(({ id }) => id === law);
  if (!isConfirmed && kernel.release.compiled === true) throw new Unconfirmed(kernel.name, law);
  if (!isConfirmed)
    throw new Error(`vmapcheck itself is wrong: the reference does not confirm that ${law} is violated here`);
  const named = namesOf(wing, kernel, last, { scope, commands: history }).find((each) => each.law === law);
  const promised = isPromised(kernel, law);
  const file = wing.files.formatHistory({ kernel: kernel.name, law, scope, commands: history });
  return {
    law,
    run,
    history,
    steps: history,
    played,
    bug: named?.known,
    listed: named?.listed ?? false,
    promised,
    file,
  };
}
