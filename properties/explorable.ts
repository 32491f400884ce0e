/**
 * A kernel beside the reference, as a machine for the explorer: its actions are what callers do on a small machine;
 * every reply is judged by all that the release promises. At the fixpoint the verdict holds for histories of every
 * length.
 */
import { DISABLED, type InPlaceMachine, visitInPlace } from "../engine/run/in-place.ts";
import { ENDS } from "../engine/search/batch.ts";
import type { Visitable } from "../engine/search/visitable.ts";
import { isFollowed, type LawId } from "../spec/contract.ts";
import type {
  Beside,
  Evidence,
  Kernel,
  KernelWorkload,
  LawOf,
  Spaces,
  Terms,
  WitnessOf,
} from "../spec/wing.ts";

/** Not a law of any kernel: judged in addition if the catalogue can say which violations are known. */
export const EXPLAINED = {
  id: "known-to-the-catalogue",
  says: "Every violation is explained by a bug of the catalogue.",
} as const;

export interface ExplorableOptions<T extends Terms> {
  /** Merges states that no later reply to such callers distinguishes. */
  readonly reduced: boolean;
  /** Which violations count: a kernel may have several bugs that violate one law. All, if not given. */
  readonly counts?: (law: LawId, seen: Seen<T>) => boolean;
  /**
   * Whether the catalogue explains all violations of a reply. If given, one law more is judged: that it does. So an
   * unknown violation is found although others violate the same law before it. `run`: the commands up to it, by number.
   */
  readonly explains?: (seen: Seen<T>, run: readonly number[]) => boolean;
  /**
   * Explores past every violation as long as the kernel answers, as a replay does that looks for one law. Nothing is
   * merged then: after such a violation a kernel's states may differ in more than the reductions allow.
   */
  readonly beyondViolations?: boolean;
}

/** A reply that violated laws. */
export interface Seen<T extends Terms> extends Omit<Evidence<T>, "law"> {
  /** All laws that this reply violated. */
  readonly violated: readonly LawOf<T>[];
}

/** The machine as an explorer visits it, and the commands that its actions are. */
export type Explorable<T extends Terms = Terms> = Visitable & { readonly commands: readonly T["command"][] };

/** Throws a RangeError where the place has too many commands. */
export function explorable<T extends Terms>(
  of: Spaces<T>,
  kernel: Kernel<T>,
  place: T["place"],
  options: ExplorableOptions<T>,
): Explorable<T> {
  const work = workloadOf(of, kernel, place, options);
  return {
    ...visitInPlace(besideReference(of, kernel, place, options, work)),
    commands: work.commands,
  };
}

function workloadOf<T extends Terms>(
  of: Spaces<T>,
  kernel: Kernel<T>,
  place: T["place"],
  { reduced, beyondViolations = false }: ExplorableOptions<T>,
): KernelWorkload<T> {
  return of.workload(kernel, place, { merged: reduced, beyondViolations });
}

/** The machine itself: a kernel in place, and the world after each reply. */
export function besideReference<T extends Terms>(
  of: Spaces<T>,
  kernel: Kernel<T>,
  place: T["place"],
  options: ExplorableOptions<T>,
  work: KernelWorkload<T> = workloadOf(of, kernel, place, options),
): InPlaceMachine<Beside<T>> {
  const { counts, explains, beyondViolations = false } = options;
  const { commands, laws, form } = work;
  const { scope } = place;
  const { spec } = of.bench(kernel, scope);
  const witnesses = new Witnessing(kernel, work.witnesses);
  const spoils = beyondViolations ? 0 : spoilingBits(laws);
  return {
    name: kernel.name,
    actions: commands.map(work.nameOf),
    laws: explains === undefined ? laws : [...laws, EXPLAINED],
    reductions: form.reductions,
    words: form.words,
    hashBits: form.hashBits,
    initial: () => ({ state: kernel.initial(scope), world: spec.initial(scope) }),
    copy: ({ state, world }) => ({ state: kernel.copy(state), world }),
    assign: (to, from) => {
      kernel.assign(to.state, from.state);
      to.world = from.world;
    },
    take: (both, action, run) => {
      const command = commands[action] as T["command"];
      const { world: before } = both;
      if (!work.isEnabled(before, command)) return DISABLED;
      const response = kernel.act(both.state, command);
      const after = spec.after(before, command, response);
      const violated = violatedLaws<T>(laws, before, command, response, after);
      witnesses.look(both.state, before, command, response, after);
      if (after !== undefined) both.world = after;
      if (violated === 0) return after === undefined ? ENDS : 0;
      let outcome = violated;
      if (counts !== undefined || explains !== undefined) {
        const seen = { before, command, response, after, violated: lawsOf<T>(laws, violated) };
        if (counts !== undefined) outcome = counted<T>(laws, violated, counts, seen);
        if (explains !== undefined && !explains(seen, run?.() ?? [])) outcome |= 1 << laws.length;
      }
      return after === undefined || (violated & spoils) !== 0 ? outcome | ENDS : outcome;
    },
    retake: (both, action) => {
      const command = commands[action] as T["command"];
      const response = kernel.act(both.state, command);
      // Broken code may read memory that is no part of a state, and stop where it did not before.
      both.world = spec.after(both.world, command, response) ?? both.world;
    },
    form: form.write,
    witnesses: () => witnesses.seen,
  };
}

/** The search does not continue past these, so a fixpoint covers all histories up to the first such violation. */
function spoilingBits<T extends Terms>(laws: readonly LawOf<T>[]): number {
  return laws.reduce((bits, each, law) => (isFollowed(each, "explored") ? bits : bits | (1 << law)), 0);
}

function violatedLaws<T extends Terms>(
  laws: readonly LawOf<T>[],
  before: T["world"],
  command: T["command"],
  response: T["response"],
  after: T["world"] | undefined,
): number {
  let violated = 0;
  for (let law = 0; law < laws.length; law++) {
    if (!(laws[law] as LawOf<T>).holds(before, command, response, after)) violated |= 1 << law;
  }
  return violated;
}

/** The laws whose bits are set. */
function lawsOf<T extends Terms>(laws: readonly LawOf<T>[], bits: number): readonly LawOf<T>[] {
  return laws.filter((_each, law) => ((bits >> law) & 1) === 1);
}

/** The bits of those violations that count. */
function counted<T extends Terms>(
  laws: readonly LawOf<T>[],
  bits: number,
  counts: (law: LawId, seen: Seen<T>) => boolean,
  seen: Seen<T>,
): number {
  let counting = 0;
  for (let law = 0; law < laws.length; law++) {
    if ((bits >> law) & 1 && counts((laws[law] as LawOf<T>).id, seen)) counting |= 1 << law;
  }
  return counting;
}

// What should be seen in an exploration: searched at every transition until it is seen.

class Witnessing<T extends Terms> {
  /** By what should be seen: 1 once it was, 0 before. */
  readonly seen = new Map<string, number>();
  readonly #kernel: Kernel<T>;
  #wanted: readonly WitnessOf<T>[];
  #paths: number;
  #lastMarks: readonly string[] | undefined;

  constructor(kernel: Kernel<T>, wanted: readonly WitnessOf<T>[]) {
    this.#kernel = kernel;
    this.#wanted = wanted;
    this.#paths = kernel.paths.length;
    for (const { id } of wanted) this.seen.set(id, 0);
    for (const id of kernel.paths) this.seen.set(id, 0);
  }

  look(
    state: unknown,
    before: T["world"],
    command: T["command"],
    response: T["response"],
    after: T["world"] | undefined,
  ): void {
    if (this.#wanted.length > 0) this.#lookForWitnesses(before, command, response, after);
    if (this.#paths > 0) this.#lookForPaths(state);
  }

  #lookForWitnesses(
    before: T["world"],
    command: T["command"],
    response: T["response"],
    after: T["world"] | undefined,
  ): void {
    for (const witness of this.#wanted) {
      if (!witness.seen(before, command, response, after)) continue;
      this.seen.set(witness.id, 1);
      this.#wanted = this.#wanted.filter((each) => each !== witness);
    }
  }

  /** The kernel makes each combination of marks once: the last one looked through is known by identity. */
  #lookForPaths(state: unknown): void {
    const marks = this.#kernel.marks(state);
    if (marks === this.#lastMarks) return;
    this.#lastMarks = marks;
    for (const id of marks) {
      if (this.seen.get(id) === 0) this.#paths -= 1;
      this.seen.set(id, 1);
    }
  }
}
