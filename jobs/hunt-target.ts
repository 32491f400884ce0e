/** The bugs by which a step violates laws, and a bug of the catalogue as the target of a hunt. */
import { type Attributed, attribute } from "../counterexamples/attribution.ts";
import { lastPlayed } from "../engine/run/stepper.ts";
import type { Target } from "../properties/hunt.ts";
import type { PlayedOf } from "../properties/run-choices.ts";
import type { LawId } from "../spec/contract.ts";
import { MEMORY_LAWS } from "../spec/process.ts";
import {
  type Bug,
  judgedAlsoBy,
  type Kernel,
  type OpenWing,
  type Release,
  type ScopedHistory,
  type Terms,
  type Wing,
} from "../spec/wing.ts";
import { bugOf, withNumber } from "./wings.ts";

/** This law violated by this bug, on the first kernel the catalogue names for it. */
export function bugTarget<T extends Terms>(wing: OpenWing<T>, bug: Bug<NoInfer<T>>, law: LawId): Target<T> {
  const on = bug.violations.find((each) => each.law === law)?.on[0];
  const found = on === undefined ? undefined : wing.kernelCalled(on);
  if (found === undefined) throw new RangeError(`${bug.id} does not violate ${law}`);
  const kernel = judgedAlsoBy(found, law);
  return {
    kernel,
    law,
    byUnchecked: bug.byUnchecked,
    meant: (step, _law, history) =>
      namesOf(wing, kernel, step, history).some((each) => each.law === law && each.known === bug.id),
  };
}

/**
 * Any law that the kernel violates in a way that its release is not known to: by no bug of the catalogue, or by one that
 * the release does not have. If one law is requested, any way to violate that.
 */
export function kernelTarget<T extends Terms>(
  wing: OpenWing<T>,
  kernel: Kernel<T>,
  law: LawId | undefined,
): Target<T> {
  const isBeside = law !== undefined && isMemoryLaw(law);
  return {
    kernel: law === undefined || isBeside ? kernel : judgedAlsoBy(kernel, law),
    law,
    meant: (step, violated, history) =>
      law !== undefined || isUnexpected(wing, kernel, step, violated, history),
  };
}

const isMemoryLaw = (law: LawId) => MEMORY_LAWS.some(({ id }) => id === law);

/** Whether this step violates a law in a way that the catalogue does not know of this kernel. */
export function isUnexpected<T extends Terms>(
  wing: OpenWing<T>,
  kernel: Kernel<T>,
  step: PlayedOf<T>,
  law: LawId,
  history: ScopedHistory<T>,
): boolean {
  const named = namesOf(wing, kernel, step, history).find((each) => each.law === law);
  if (named === undefined) return false;
  const bug = named.known === undefined ? undefined : bugOf(wing, named.known);
  return !isKnownOf(wing, kernel, { law, bug, listed: named.listed });
}

/**
 * Whether the catalogue knows of the kernel that it violates the law so: of compiled code, by a bug that its release has,
 * and if the violation only follows from the bug, by whatever law.
 */
export function isKnownOf<T extends Terms>(
  wing: OpenWing<T>,
  { release }: Kernel<T>,
  { law, bug, listed }: Attributed<T>,
): boolean {
  return (
    bug !== undefined && (release.compiled !== true || hasBug(wing, release, bug, listed ? law : undefined))
  );
}

/** A law that a step violated: known of this kernel, by this bug; or not, and then perhaps as another kernel's bug does. */
export interface Expected {
  readonly law: LawId;
  readonly known: string | undefined;
  readonly alike: string | undefined;
}

/** As `namesOf`; of compiled code with the bugs of its release alone as known. */
export function expectedIn<T extends Terms>(
  wing: OpenWing<T>,
  kernel: Kernel<T>,
  step: Judged<T>,
  history: ScopedHistory<T>,
): readonly Expected[] {
  return namesOf(wing, kernel, step, history).map(({ law, known, listed }) => {
    const bug = known === undefined ? undefined : bugOf(wing, known);
    return isKnownOf(wing, kernel, { law, bug, listed })
      ? { law, known, alike: undefined }
      : { law, known: undefined, alike: known };
  });
}

/** A law that a step violated, and its bug in the catalogue. */
export interface Named {
  readonly law: LawId;
  readonly known: string | undefined;
  /** Whether the bug's entry lists the law; if not, the bug violates it as well. */
  readonly listed: boolean;
}

/** One judged step. */
type Judged<T extends Terms> = Pick<PlayedOf<T>, "violated" | "command" | "response" | "before" | "after">;

/**
 * The bug of each law that a step violated on this kernel, among its own and its inherited bugs. Of compiled code the
 * history is needed as well: what its release does not violate there is not known, whatever it looks like.
 */
export function namesOf<T extends Terms>(
  wing: OpenWing<T>,
  kernel: Kernel<T>,
  { violated, before, command, response, after }: Judged<T>,
  history?: ScopedHistory<T>,
): readonly Named[] {
  if (command === undefined || response === undefined || violated.length === 0) return [];
  const { violations } = wing.inheritanceOf(kernel);
  const seen = { before, command, response, after };
  return attribute(wing.bugs, kernel.name, violated, seen, violations).map(({ law, bug, listed }) => {
    const isOther =
      bug !== undefined && history !== undefined && isKeptByRelease(wing, kernel, bug, law, history);
    return isOther ? { law, known: undefined, listed: false } : { law, known: bug?.id, listed };
  });
}

/** Whether the release that compiled code is nearest to has this bug, and yet keeps the law in this history. */
function isKeptByRelease<T extends Terms>(
  wing: OpenWing<T>,
  { release, model: own }: Kernel<T>,
  bug: Bug<T>,
  law: LawId,
  { scope, commands }: ScopedHistory<T>,
): boolean {
  const like = release.compiled === true ? release.like : undefined;
  const model = own ?? (like === undefined ? undefined : wing.kernelCalled(like));
  if (model === undefined || !hasBug(wing, model.release, bug, undefined)) return false;
  const last = lastPlayed(wing.bench(judgedAlsoBy(model, law), scope), commands, law);
  return last?.violated.some(({ id }) => id === law) !== true;
}

/** Whether the catalogue has it that the bug violates this law, or any, on the release or on one it was derived from. */
export function hasBug<T extends Terms>(
  wing: OpenWing<T>,
  release: Release,
  bug: Bug<T>,
  law: LawId | undefined,
): boolean {
  const labels = lineageOf(wing, release);
  return bug.violations.some(
    (each) => (law === undefined || each.law === law) && each.on.some((label) => labels.includes(label)),
  );
}

/** The release itself, and those that it was derived from, by their first labels. */
export function lineageOf<T extends Terms>(wing: Wing<T>, { labels, like }: Release): readonly string[] {
  const before = like === undefined ? undefined : wing.kernelCalled(like);
  return [labels[0] as string, ...(before === undefined ? [] : lineageOf(wing, before.release))];
}

/** `known as cache-exact-hole-missed`; or that a law is violated as a consequence: the bug's entry does not list it. */
export function knownText<T extends Terms>(
  wing: Wing<T>,
  { known, listed }: Pick<Named, "known" | "listed">,
): string {
  if (known === undefined) return "not known to the catalogue";
  if (listed) return `known as ${withNumber(bugOf(wing, known) ?? { id: known })}`;
  const laws = [...new Set(bugOf(wing, known)?.violations.map(({ law }) => law))].join(", ");
  return `follows from ${known}, which violates ${laws}`;
}
