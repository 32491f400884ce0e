/** The laws that a kernel does not promise and falls short of in one history, as far as the catalogue explains them. */
import { attribute } from "../../counterexamples/attribution.ts";
import { begin } from "../../engine/run/stepper.ts";
import {
  type Bug,
  type HistoryFile,
  isPromised,
  type Kernel,
  type LawOf,
  type OpenWing,
  type Terms,
} from "../../spec/wing.ts";

export interface Shortfall<T extends Terms = Terms> {
  readonly law: LawOf<T>;
  readonly bug: Bug<T>;
  /** The first step that shows it, counted from 1. */
  readonly step: number;
}

/** The first shortfall of each law. */
export function shortfallsIn<T extends Terms>(
  wing: OpenWing<T>,
  kernel: Kernel<T>,
  { scope, commands }: Pick<HistoryFile<T>, "scope" | "commands">,
): readonly Shortfall<T>[] {
  const laws = wing.lawsFor(kernel).filter(({ id }) => !isPromised(kernel, id));
  const stepper = begin({ ...wing.bench(kernel, scope), laws });
  const found = new Map<string, Shortfall<T>>();
  for (const each of commands) {
    const { index, before, command, response, after, violated } = stepper.take(each);
    if (command === undefined || response === undefined) continue;
    const seen = { before, command, response, after };
    for (const { law: id, bug } of attribute(wing.bugs, kernel.name, violated, seen)) {
      const known = bug?.violations.some((known) => known.law === id && known.on.includes(kernel.name));
      const law = laws.find((each) => each.id === id);
      if (!known || bug === undefined || law === undefined || found.has(id)) continue;
      found.set(id, { law, bug, step: index + 1 });
    }
    if (after === undefined) break;
  }
  return [...found.values()];
}
