/**
 * The contract between everything in this project. It knows nothing of vmap. A history is a list of (command,
 * response). A specification judges it, pair by pair. Every history, whatever made it (random search, exhaustive
 * search, a pinned file, a recording of a real kernel), is judged by the same `judge`.
 */

/** The id of a law, such as `lowest-fit`; unique in a specification. */
export type LawId = string;

/**
 * How a world W begins, which commands are possible in it, and how it changes when a command C was answered by R. The
 * response is part of the step: the world follows what the subject did and does not predict it.
 */
export interface Spec<Scope, W, C, R> {
  initial(scope: Scope): W;
  /** Every command that is legal now and within the scope: what an exhaustive search tries. */
  enabled(world: W, scope: Scope): Iterable<C>;
  /** The world after this pair, or undefined when no world can follow (the subject stopped). */
  after(before: W, command: C, response: R): W | undefined;
}

/** One sentence that must hold of every (command, response). */
export interface Law<W, C, R> {
  readonly id: LawId;
  /** The law as a sentence. It is printed when the law is violated. */
  readonly says: string;
  /** The source of the sentence: a commit, a mail, an entry of docs/catalogue.md, a paper with its section. */
  readonly source: string;
  /** Doubtful, if absent. A search, or a random history, continues only in a sound world. */
  readonly worldAfterViolation?: WorldAfter | Readonly<Record<"explored" | "random", WorldAfter>> | undefined;
  /** `after` is undefined if no world follows the response. */
  holds(before: W, command: C, response: R, after: W | undefined): boolean;
}

/**
 * Whether kernel and world still agree after a violation, so that what follows can be judged. To a search it is sound
 * only if nothing is left that enlarges the world (what was freed stays translated after an alias); to a random
 * history, if what follows is no consequence (a missing distance counts for the neighbour as well).
 */
type WorldAfter = "sound" | "doubtful";

/** Whether a search, or a random history, continues in the world after a violation of this law. */
export function isFollowed<W, C, R>(
  { worldAfterViolation }: Law<W, C, R>,
  how: "explored" | "random",
): boolean {
  const world = typeof worldAfterViolation === "object" ? worldAfterViolation[how] : worldAfterViolation;
  return world === "sound";
}

/** Something that must be reachable. A run that never sees it proves nothing about it. */
export interface Witness<W, C, R> {
  readonly id: string;
  readonly says: string;
  seen(before: W, command: C, response: R, after: W | undefined): boolean;
}

/** A subject as a function of its state: it can be replayed, explored and compared. */
export interface Machine<Scope, S, C, R> {
  readonly name: string;
  /** The laws it claims to keep. A promise may be violated. */
  readonly promises: readonly LawId[];
  initial(scope: Scope): S;
  /** Answers one command. The given state stays unchanged. */
  step(state: S, command: C): readonly [S, R];
}

/** A machine that can also work in place; `step` is its copy followed by `act`. */
export interface ActingMachine<Scope, S, C, R> extends Machine<Scope, S, C, R> {
  act(state: S, command: C): R;
}

/** Anything that answers commands: it can be driven, but not copied. */
export interface Subject<C, R> {
  send(command: C): R | Promise<R>;
}

/**
 * How the steps of a written history become commands. A step may name what an earlier step got, which is known only
 * when the history runs.
 */
export interface Naming<N, Step, C, R> {
  /** What is known before the first step. */
  begin(): N;
  /** The command, or undefined if the step names nothing that exists; the step then does nothing. */
  resolve(names: N, step: Step): C | undefined;
  /** Records, in place, the answer to step number `index`; undefined if the step did nothing. */
  note(names: N, index: number, step: Step, response: R | undefined): void;
  /** The history without these steps and those that name them, the rest renumbered. */
  without(history: readonly Step[], dropped: ReadonlySet<number>): Step[];
}

/** A machine, its judge, and the size of both. */
export interface Setting<Scope, S, W, N, Step, C, R> {
  readonly machine: ActingMachine<Scope, S, C, R>;
  readonly spec: Spec<Scope, W, C, R>;
  readonly laws: readonly Law<W, C, R>[];
  readonly naming: Naming<N, Step, C, R>;
  readonly scope: Scope;
}

export type Verdict<W, C, R> =
  | { readonly accepted: true; readonly world: W }
  | { readonly accepted: false; readonly violated: readonly Law<W, C, R>[]; readonly world: W | undefined };

/**
 * Judges one pair. Accepted: every law holds and a next world exists. Rejected: the violated laws, in the given order,
 * and the world that follows the response, if there is one, so that the rest of a recording can be judged too. If the
 * subject stopped and no given law was violated, the list is empty.
 */
export function judge<Scope, W, C, R>(
  spec: Spec<Scope, W, C, R>,
  laws: readonly Law<W, C, R>[],
  before: W,
  command: C,
  response: R,
): Verdict<W, C, R> {
  const after = spec.after(before, command, response);
  let violated: Law<W, C, R>[] | undefined;
  for (const law of laws) {
    if (!law.holds(before, command, response, after)) {
      violated ??= [];
      violated.push(law);
    }
  }
  if (violated === undefined && after !== undefined) return { accepted: true, world: after };
  return { accepted: false, violated: violated ?? [], world: after };
}
