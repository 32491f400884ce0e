/** Calls of several CPUs at once on a tree's own code, step by step, in a process of its own (shim/steps.c). */
import { InputError } from "../../adapters/input-error.ts";
import { Child, type Gone } from "../child.ts";
import { run } from "../compiler.ts";
import { buildSteps, type Grain } from "../native-build.ts";
import type { SourceTree } from "../source-tree.ts";
import { type Calls, callLine } from "./calls.ts";

export interface StepScope {
  /** Pages in a block, and in the largest map that goes into one; pages of the window; lazy pages that are not purged. */
  readonly block: number;
  readonly map: number;
  readonly pages: number;
  readonly lazy: number;
  /** 1: memory is short, and who may reclaim for it calls the shrinker first. */
  readonly pressure: number;
}

/** How far a search is. */
export interface StepProgress {
  readonly states: number;
  readonly steps: number;
  readonly depth: number;
  readonly waiting: number;
  readonly bytes: number;
  /** States in which all calls have returned, and in which none can continue. */
  readonly ends: number;
  readonly stuck: number;
}

/** One step, taken: what it did, in order, and what is to be judged of it. */
export interface StepTaken {
  readonly acts: readonly string[];
  readonly seen: readonly string[];
  readonly pages: StepPages;
}

/** Pages as bits: those that have a PTE, and those that have none but may be in a TLB. */
export interface StepPages {
  readonly ptes: number;
  readonly stale: number;
}

export type StepAnswer = StepTaken | { readonly cannot: "done" | "waits" };

/** What a step of the search came to, by its text: the number of the law that it violates, or 0. */
export type StepVerdict = (text: string) => number;

const MILLISECONDS = 60_000;
const MEMORY = 3 * 2 ** 30;
/** Steps between two looks at the clock. */
const TURN = 5000;

export class StepChild {
  readonly #child: Child;
  /** The file that runs. */
  readonly program: string;

  private constructor(program: string, child: Child) {
    this.program = program;
    this.#child = child;
  }

  /**
   * Boots the tree and makes the calls of the setup. Throws an InputError where that cannot be. `outcomes`: what calls
   * flushed is part of a state, and reported at the end.
   */
  static async start(
    tree: SourceTree,
    calls: Calls,
    scope: StepScope,
    grain: Grain,
    outcomes = false,
  ): Promise<StepChild> {
    const program = buildSteps(tree, { blockPages: scope.block, mapLimit: scope.map }, grain);
    const child = new StepChild(
      program,
      Child.start(program, [], { milliseconds: MILLISECONDS, memory: MEMORY }),
    );
    const lines = [
      ...calls.calls.map(callLine),
      `begin ${calls.cpus} ${scope.pages} ${scope.lazy} ${scope.pressure} ${outcomes ? 1 : 0}`,
    ];
    for (const line of lines) {
      const answer = await child.#ask(line);
      if (answer.startsWith("ok")) continue;
      await child.end();
      throw new InputError(`${tree.directory}: ${answer.replace(/^err /, "")}`);
    }
    return child;
  }

  async #ask(line: string): Promise<string> {
    const { answers, gone } = await this.#child.ask([line]);
    if (gone !== undefined) throw new StepsGone(gone);
    return answers[0] as string;
  }

  /** Visits states in turns, breadth first; it ends where all are visited, or the caller ends it. */
  async *exploring(
    verdict: StepVerdict,
    enough: (now: StepProgress) => boolean,
  ): AsyncGenerator<StepProgress, StepProgress & { readonly isWhole: boolean }, boolean | string> {
    let answer = await this.#ask(`go ${TURN}`);
    for (;;) {
      const [word = "", ...rest] = answer.split(" ");
      if (word === "judge") {
        const text = rest.join(" ");
        const law = verdict(text);
        // The caller may have seen enough.
        answer = await this.#ask(`verdict ${law} ${law === 0 ? TURN : 1} ${text}`);
        continue;
      }
      if (word !== "at" && word !== "done") throw new InputError(`the search stops: ${answer}`);
      const progress = progressOf(rest.map(Number));
      if (word === "done") return { ...progress, isWhole: true };
      if (enough(progress) || (yield progress) !== false) return { ...progress, isWhole: false };
      answer = await this.#ask(`go ${TURN}`);
    }
  }

  /** The lanes of a shortest run that violates the law of this number, and how often that was met. */
  async run(law: number): Promise<{ readonly lanes: readonly number[]; readonly times: number }> {
    const [, times, ...lanes] = (await this.#ask(`run ${law}`)).split(" ").map(Number);
    return { lanes, times: times as number };
  }

  /** Back to where the setup ended. */
  async restart(): Promise<StepPages> {
    const [, ptes, stale] = (await this.#ask("restart")).split(" ").map(Number);
    return { ptes: ptes as number, stale: stale as number };
  }

  async step(lane: number): Promise<StepAnswer> {
    const answer = await this.#ask(`step ${lane}`);
    if (answer.startsWith("cannot ")) return { cannot: answer === "cannot done" ? "done" : "waits" };
    const [acts = [], seen = [], pages = []] = answer
      .split("\x1e")
      .map((part) => part.split("\x1f").slice(1));
    const [ptes, stale] = pages.map(Number) as [number, number];
    return { acts, seen, pages: { ptes, stale } };
  }

  async end(): Promise<void> {
    await this.#child.end();
  }
}

/** A place in the tree's sources. */
export interface Source {
  readonly file: string;
  readonly function: string;
  readonly line: number;
}

/** Where in the sources the program's code of these addresses comes from; undefined where that is not known. */
export function sourcesOf(
  program: string,
  addresses: readonly string[],
): ReadonlyMap<string, Source | undefined> {
  const { stdout } = run("addr2line", ["-f", "-e", program, ...addresses]);
  const lines = stdout.split("\n");
  return new Map(
    addresses.map((address, nth) => {
      const [, file, line] = /^(.+):(\d+)/.exec(lines[2 * nth + 1] ?? "") ?? [];
      const name = lines[2 * nth] ?? "";
      return [
        address,
        file === undefined ? undefined : { file, function: name, line: Number(line) },
      ] as const;
    }),
  );
}

/** The process ended, which it should not whatever the tree's code does. */
export class StepsGone extends InputError {
  constructor({ text }: Gone) {
    super(`the tree's process does not continue: ${text}`);
  }
}

function progressOf(numbers: readonly number[]): StepProgress {
  const [states, steps, depth, waiting, bytes, ends, stuck] = numbers as [
    ...[number, number, number, number, number, number, number],
  ];
  return { states, steps, depth, waiting, bytes, ends, stuck };
}
