/** Where calls of a release are explored as phases of several CPUs: the protocols named after one of its labels. */
import { STEP_PROTOCOLS } from "../protocols/index.ts";
import type { Promises } from "../spec/releases.ts";

/** For the description of one kernel; empty where no protocol is named after it. */
export function inSteps(release: Promises): string {
  const own = ordersOf(release);
  return own.length === 0 ? "" : ` Calls that interleave: explore ${own.join(", ")}.`;
}

/** For a run that tried calls of these releases one after another only: one line. */
export function leftToExplore(releases: readonly Promises[]): string {
  const own = [...new Set(releases.flatMap(ordersOf))];
  const without = releases.filter((release) => ordersOf(release).length === 0);
  const named = own.length === 0 ? [] : [`explore ${own.join(", ")}`];
  const unnamed = without.map(({ labels }) => labels[0]).join(", ");
  const none = without.length === 0 ? [] : [`no protocol is named after ${unnamed}, list has all`];
  return `Calls that interleave were not tried: ${[...named, ...none].join("; ")}.`;
}

function ordersOf({ labels }: Promises): readonly string[] {
  const names = STEP_PROTOCOLS.map(({ name }) => name);
  return names.filter((name) => labels.some((label) => name.endsWith(`-${label}`)));
}
