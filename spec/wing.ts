/**
 * What a wing gives: a subsystem with its own commands, laws and releases (docs/design.md). Code for all wings is
 * written against this; jobs/wings.ts lists them. The parts are named after the rooms that make them.
 */
import type { Arbitrary } from "fast-check";
import type { ActingMachine, Law, LawId, Naming, Setting, Witness } from "./contract.ts";

/** The types of a wing. Code for all wings knows no more of them than this. */
export interface Terms {
  /** How large a machine is, and what its callers ask for. */
  readonly scope: { readonly name: string };
  /** A small machine to explore, and what callers do there. */
  readonly place: { readonly scope: { readonly name: string } };
  readonly world: unknown;
  /** What is known of the steps so far, so that later ones can name what they got. */
  readonly names: unknown;
  /** A command as a history has it, and as it is drawn. */
  readonly step: { readonly op: string };
  readonly choice: unknown;
  readonly command: { readonly op: string };
  readonly response: object;
  /** What its kernels have beyond `Kernel`. */
  readonly kernel: object;
}

export type LawOf<T extends Terms> = Law<T["world"], T["command"], T["response"]>;
export type WitnessOf<T extends Terms> = Witness<T["world"], T["command"], T["response"]>;

/** A history, and the scope that its commands have. */
export interface ScopedHistory<T extends Terms = Terms> {
  readonly scope: T["scope"];
  readonly commands: readonly T["step"][];
}

/** What a kernel promises, by the labels that answer alike; the first one names it. */
export interface Release {
  readonly labels: readonly string[];
  /** The release that it was derived from: bugs of that one are looked for in it. */
  readonly like?: string;
  /** It was compiled from a user's tree: any bug of the catalogue may be in it. */
  readonly compiled?: true;
  readonly laws: readonly LawId[];
}

/** What a release does, call by call. */
export type Kernel<T extends Terms = Terms> = T["kernel"] &
  ActingMachine<T["scope"], unknown, T["command"], T["response"]> & {
    readonly release: Release;
    /** Of compiled code between two releases: the model of its version, where that of its release differs. */
    readonly model?: Kernel<T>;
    copy(state: unknown): unknown;
    /** Makes `to` equal to `from`, a state of the same scope. */
    assign(to: unknown, from: unknown): void;
    /** The marks it can set. A run that never saw one of them proves nothing about that path. */
    readonly paths: readonly string[];
    /** What happened inside the last `act`. */
    marks(state: unknown): readonly string[];
  };

/**
 * Whether the kernel's release promises this law. A release that violates a law it does not promise falls short of an
 * ideal.
 */
export function isPromised({ release }: { readonly release: Pick<Release, "laws"> }, law: LawId): boolean {
  return release.laws.includes(law);
}

/** The kernel judged by this law as well, promised or not. So it is shown to fall short of an ideal. */
export function judgedAlsoBy<K extends { readonly promises: readonly LawId[] }>(kernel: K, law: LawId): K {
  if (kernel.promises.includes(law)) return kernel;
  return { ...kernel, promises: [...kernel.promises, law] };
}

/** A law was violated here: what a judge saw. */
export interface Evidence<T extends Terms = Terms> {
  readonly law: LawId;
  readonly before: T["world"];
  readonly command: T["command"];
  readonly response: T["response"];
  /** Undefined if the kernel stopped. */
  readonly after: T["world"] | undefined;
}

/**
 * One law that the bug violates, on which kernels, and the shortest history known to do it. Kernels that do not promise
 * the law fall short of it (`judgedAlsoBy`).
 */
export interface PinnedViolation<T extends Terms = Terms> {
  readonly law: LawId;
  /** The kernels on which the pinned history violates the law: labels, or the bug's own changed kernel. */
  readonly on: readonly string[];
  /** The only machines of these kernels that show it. */
  readonly where?: string | undefined;
  /** File name of the pinned history, beside the bug. */
  readonly pinned: string;
  /** The first of those kernels without the bug: it accepts the same history. */
  readonly repaired: Kernel<T>;
}

/** What the catalogue says of one historical bug, and how it shows. */
export interface Bug<T extends Terms = Terms> {
  /** Its slug: the name of its folder. */
  readonly id: string;
  /** Its number in the catalogue, if it has one. */
  readonly number: string | undefined;
  /** What goes wrong, in a sentence or two. */
  readonly says: string;
  /** Commits, mails, entries of docs/catalogue.md. */
  readonly source: string;
  /** No report of it is known: it was found by reading, or here. */
  readonly latent?: true;
  /** Where it ended. */
  readonly fixed: string;
  /** The good kernel with one step replaced; undefined where a release simply has the bug. */
  readonly changed: Kernel<T> | undefined;
  readonly violations: readonly PinnedViolation<T>[];
  /** It takes a call outside its domain that a release does not check. */
  readonly byUnchecked?: true;
  /** Whether this bug explains a violation of one of its laws on a release that has it. */
  explains(evidence: Evidence<T>): boolean;
}

export type NamingOf<T extends Terms> = Naming<T["names"], T["step"], T["command"], T["response"]> & {
  /** A command as a step: what it frees or maps is named by the step that got it; undefined if no step did. */
  named(names: T["names"], command: T["command"]): T["step"] | undefined;
};

/** A kernel on a machine of some scope, its judge, and how histories are made and shrunk there (properties). */
export interface Bench<T extends Terms = Terms>
  extends Setting<T["scope"], unknown, T["world"], T["names"], T["step"], T["command"], T["response"]> {
  readonly machine: Kernel<T>;
  readonly naming: NamingOf<T>;
  /** The step that a choice means now; undefined if it means nothing, as there is nothing to free, say. */
  resolve(
    choice: T["choice"],
    world: T["world"],
    names: T["names"],
    history: readonly T["step"][],
    unchecked: boolean,
  ): T["step"] | undefined;
  /** Whether callers can make this history. */
  isWellFormed(history: readonly T["step"][]): boolean;
  /** Simpler forms of a step, the simplest first. */
  simpler(step: T["step"]): Iterable<T["step"]>;
}

/** How many choices a history is drawn from. */
export interface Lengths {
  readonly shortest?: number;
  readonly longest: number;
}

/** One way to draw histories. */
export interface Drawing extends Lengths {
  readonly name: string;
  readonly histories: number;
}

/** How histories are drawn. */
export interface Histories<T extends Terms = Terms> {
  /** The kernel judged by all that it promises. */
  bench(kernel: Kernel<T>, scope: T["scope"]): Bench<T>;
  /** Where they are drawn: for all laws, or for one of them. `unchecked`: of calls outside their domain as well. */
  scopesFor(kernel: Kernel<T>, law?: LawId, unchecked?: boolean): readonly T["scope"][];
  /** Whether what this history does can be done in another scope; if absent, in any. */
  fits?(history: readonly T["step"][], scope: T["scope"]): boolean;
  /** How many are drawn in each scope of this number that is requested: fewer, where there are many scopes. */
  inEachScope(histories: number): number;
  choices(scope: T["scope"], lengths: Lengths): Arbitrary<T["choice"][]>;
  /** Ways to draw as many choices, to be compared; the usual one first. */
  drawings(histories: number): readonly Drawing[];
  /** What is drawn beside, once: a kernel that is asked for more, and how many histories at most. */
  beside(
    kernel: Kernel<T>,
  ): readonly { readonly asked: Kernel<T>; readonly scope: T["scope"]; readonly most: number }[];
  witnesses(kernel: Kernel<T>): readonly WitnessOf<T>[];
}

/** A number that a user chooses for an exploration. */
export interface Parameter {
  readonly counts: string;
  readonly usual: number;
  /** 1, if it is not given. */
  readonly least?: number;
  readonly most: number;
}
export type Parameters = Readonly<Record<string, number>>;

/** How states are distinguished: by words that are written. `S` has the state and the world. */
export interface Form<S> {
  readonly words: number;
  readonly hashBits: number;
  /** Differences between states that are merged: a sentence each. */
  readonly reductions: readonly string[];
  write(state: S, into: Int32Array, at: number): void;
}

/** What callers do on a small machine. */
export interface Workload<T extends Terms, S> {
  readonly commands: readonly T["command"][];
  isEnabled(world: T["world"], command: T["command"]): boolean;
  nameOf(command: T["command"]): string;
  /** A command as one of these. */
  asGiven(command: T["command"]): T["command"];
  readonly form: Form<S>;
}

/** The same on one kernel, with the laws that such callers can violate, and the witnesses that they can reach. */
export interface KernelWorkload<T extends Terms> extends Workload<T, Beside<T>> {
  readonly laws: readonly LawOf<T>[];
  readonly witnesses: readonly WitnessOf<T>[];
}

/** A state of a kernel and the world that it speaks of; or of two kernels that answered alike so far. */
export interface Beside<T extends Terms> {
  state: unknown;
  world: T["world"];
}
export interface Pair<T extends Terms> {
  readonly one: unknown;
  readonly other: unknown;
  world: T["world"];
}

/** Whether equivalent states are one, and whether the search continues past violations after which they are not. */
export interface Merging {
  readonly merged: boolean;
  readonly beyondViolations: boolean;
}

/** Small machines, and what is explored on them. */
export interface Spaces<T extends Terms = Terms> {
  bench(kernel: Kernel<T>, scope: T["scope"]): Bench<T>;
  /** What callers do beside a kernel, in a sentence. */
  says(kernel: Kernel<T>): string;
  /** The parameters, with values in which callers can violate this law, if one is requested. */
  parametersFor(law: LawId | undefined): Readonly<Record<string, Parameter>>;
  /** Throws a RangeError for parameters that do not fit together, or these kernels. */
  place(parameters: Parameters, kernels: readonly Kernel<T>[]): T["place"];
  /** The space that `check` visits whole, as it is typed, and as it is. */
  readonly whole: { readonly scope: string; place(kernel: Kernel<T>): T["place"] };
  workload(kernel: Kernel<T>, place: T["place"], merging: Merging): KernelWorkload<T>;
}

/** A way in which two replies differ, as the sentence that holds where they do not. */
export interface Kind {
  readonly id: string;
  readonly says: string;
}

/** How the replies of two kernels are compared. */
export interface Comparison<T extends Terms = Terms> {
  bench(kernel: Kernel<T>, scope: T["scope"]): Bench<T>;
  /** The bit of a kind is that of its place here. */
  readonly kinds: readonly Kind[];
  /** Bits of the kinds in which two replies differ. */
  differences(one: T["response"], other: T["response"]): number;
  /** The bits after which the same commands no longer mean the same. */
  readonly partsWays: number;
  /** Whether nothing can follow. */
  endsHistory(response: T["response"]): boolean;
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** The usual spaces, as they are typed. */
  spaces(one: Kernel<T>, other: Kernel<T>): readonly string[];
  /** Throws a RangeError for parameters that do not fit together, or these kernels. */
  place(parameters: Parameters, kernels: readonly Kernel<T>[]): T["place"];
  workload(one: Kernel<T>, other: Kernel<T>, place: T["place"]): Workload<T, Pair<T>>;
  /** Where histories are drawn, as far as both kernels can; and of what is drawn that which both have. */
  readonly scopes: readonly T["scope"][];
  canBoth(one: Kernel<T>, other: Kernel<T>, scope: T["scope"]): boolean;
  choices(scope: T["scope"], lengths: Lengths): Arbitrary<T["choice"][]>;
  ofBoth(drawn: readonly T["choice"][], one: Kernel<T>, other: Kernel<T>): readonly T["choice"][];
}

/** A history in a file. */
export interface HistoryFile<T extends Terms = Terms> extends ScopedHistory<T> {
  /** The kernel it was found on: a label, or the slug of a bug that is a changed kernel. */
  readonly kernel: string;
  /** The law it violates there; absent for any law. */
  readonly law?: LawId | undefined;
}

/** A trace of a real kernel: commands, and what it answered. */
export interface RecordedTrace<T extends Terms = Terms> {
  readonly file: string;
  /** Line number, from 1. */
  readonly line: number;
  /** The release that was recorded, as its line has it. */
  readonly label: string;
  readonly seed: number;
  /** Of a directed trace. */
  readonly name: string | undefined;
  /** Of a trace of which only some steps are left: what one law needs at the last of them. */
  readonly cut?:
    | { readonly law: LawId; readonly from: string; readonly of: number; readonly steps: readonly number[] }
    | undefined;
  readonly scope: T["scope"];
  readonly exchanges: readonly { readonly command: T["command"]; readonly response: T["response"] }[];
  /** Each request as the line has it. */
  readonly requests: readonly unknown[];
}

/** One field in which two replies differ, under its name in FORMAT.md. */
export interface FieldDifference {
  readonly field: string;
  readonly recorded: unknown;
  readonly ours: unknown;
}

export interface Conformance<T extends Terms = Terms> {
  readonly difference:
    | {
        /** Index of the command in its trace. */
        readonly index: number;
        readonly fields: readonly FieldDifference[];
        /** What our kernel answered. */
        readonly response: T["response"];
      }
    | undefined;
}

/** A recorded reply, and what the laws say of it. */
export interface JudgedReply<T extends Terms = Terms> extends Omit<Evidence<T>, "law"> {
  /** Index of the command in its trace. */
  readonly index: number;
  /** The laws that the reply violates. */
  readonly laws: readonly LawOf<T>[];
  /** Laws violated as a consequence of an earlier violation: not accusations. */
  readonly following: readonly LawOf<T>[];
}

/** Files (adapters). */
export interface Files<T extends Terms = Terms> {
  /** Throws an InputError that says what is wrong and where. */
  historyIn(path: string, json: unknown): HistoryFile<T>;
  formatHistory(history: HistoryFile<T>): string;
  /** A step as files and output have it. */
  asWritten(step: T["step"]): T["step"];
  /** The scope of a history that is made of a trace. */
  scopeOf(trace: RecordedTrace<T>, steps: readonly T["step"][]): T["scope"];
  /** Every trace of a file. Throws an InputError at the first line that is not one. */
  recordings(file: string): AsyncIterable<RecordedTrace<T>>;
  conform(kernel: Kernel<T>, trace: RecordedTrace<T>): Conformance<T>;
}

/** The bugs that a kernel inherited from the one it was derived from. */
export interface Inheritance<T extends Terms = Terms> {
  readonly violations: ReadonlySet<PinnedViolation<T>>;
  /** Bugs of its ancestor that it does not have: none of their histories violates its law here. */
  readonly gone: readonly Bug<T>[];
}

/** The judge of a recorded trace. */
export interface Judging<T extends Terms = Terms> {
  /** All that is promised, and of that what is judged, as far as the trace can show a violation. */
  readonly promised: readonly LawId[];
  readonly laws: readonly LawOf<T>[];
  /** The other laws: no call or field of the trace can show a violation. */
  readonly unseen: readonly LawId[];
  /** The release whose bugs the catalogue knows; undefined for an allocator that is none. */
  readonly release: string | undefined;
  /** Whose promises they are, if not the recorded release's own. */
  readonly by: string | undefined;
}

export interface JudgingOptions {
  /** The label whose promises judge it, in place of the trace's own. */
  readonly as?: string | undefined;
  /** The label whose promises judge it if the trace has none. */
  readonly fallback?: string | undefined;
  readonly law?: LawId | undefined;
}

/** What the words of a user mean: enough for a list, and for the nearest right word. */
export interface Wing<T extends Terms = Terms> {
  /** The name of its folder in each room. */
  readonly name: string;
  readonly laws: readonly LawOf<T>[];
  /** One for each release, oldest first. */
  readonly kernels: readonly Kernel<T>[];
  readonly bugs: readonly Bug<T>[];
  /** A kernel by any of its labels, a bug's changed kernel, or what else a word means here. */
  kernelCalled(word: string): Kernel<T> | undefined;
  /** Why no single kernel is meant by a word, as the end of a sentence; undefined for any other word. */
  whyNoKernel(word: string): string | undefined;
  /** A kernel as it was requested: `7.2 (= 6.19)`. */
  askedAs(word: string, kernel: Kernel<T>): string;
}

/** What it takes to replay, judge and shrink a history. */
export interface OpenWing<T extends Terms = Terms> extends Wing<T> {
  readonly files: Files<T>;
  /** The kernel judged by all that it promises. */
  bench(kernel: Kernel<T>, scope: T["scope"]): Bench<T>;
  /** The laws that `check` shows for a kernel. */
  lawsFor(kernel: Kernel<T>): readonly LawOf<T>[];
  /** Why a history cannot be run on a kernel; undefined if it can. */
  whyUnmodelled(history: readonly T["step"][], kernel: Kernel<T>): string | undefined;
  inheritanceOf(kernel: Kernel<T>): Inheritance<T>;
  /** Our version of what was recorded. Throws an InputError if there is none. */
  modelOf(trace: RecordedTrace<T>): Kernel<T>;
  /** Throws an InputError if nothing says what the recorded kernel promises. */
  judgingOf(trace: RecordedTrace<T>, options: JudgingOptions): Judging<T>;
  /** Every reply of a trace, judged. */
  judgeRecorded(judging: Judging<T>, trace: RecordedTrace<T>): Iterable<JudgedReply<T>>;
  /** The steps of a trace that its violation needs, and its line with only these; undefined if that is not modelled. */
  cut(
    trace: RecordedTrace<T>,
    judging: Judging<T>,
    violating: JudgedReply<T>,
    law: LawId,
  ): { readonly steps: readonly number[]; readonly minimal: boolean; readonly line: object } | undefined;
  /** Why no step follows a reply; undefined if one may follow. */
  stopText(response: T["response"]): string | undefined;
  /** What it takes to search. */
  search(): Promise<Search<T>>;
}

export interface Search<T extends Terms = Terms> {
  readonly histories: Histories<T>;
  readonly spaces: Spaces<T>;
  readonly comparison: Comparison<T>;
}
