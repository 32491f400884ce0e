/** `diff`: the shortest history on which two kernels answer differently; with --all, each release and the next. */
import { formatHistory, historyIn } from "../../adapters/vmap/history-file.ts";
import { kernelNamed, replayLine } from "../../jobs/names.ts";
import { placesFor } from "../../jobs/pair-places.ts";
import { orNearest, UsageError } from "../../jobs/usage-error.ts";
import { KERNELS } from "../../kernels/vmap/index.ts";
import type { State } from "../../kernels/vmap/state.ts";
import { KINDS, type KindId } from "../../properties/vmap/diff/differences.ts";
import { playOnBoth } from "../../properties/vmap/diff/replay-pair.ts";
import {
  type Compared,
  comparing,
  type Difference,
  hasBlocks,
} from "../../properties/vmap/diff/shortest-difference.ts";
import { SCOPES } from "../../properties/vmap/random-scopes.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { AS_EXPECTED, BAD_INPUT, INTERRUPTED } from "../exit.ts";
import { filesNamed, type Product, refuseUnwritable, reportUnwritten, writeFiles } from "../files.ts";
import { commandLine, interruptible, print, progress, timeUp } from "../output.ts";
import { differingJson, differingText, type Pair, playedOn, tableOfPairs } from "../show/differing.ts";

export interface DiffOptions {
  readonly all: boolean;
  readonly scope?: string;
  readonly kind?: string;
  /** Visited in each place. */
  readonly states?: number;
  /** Histories drawn where no place shows a difference. */
  readonly runs?: number;
  /** An outer bound for each pair. */
  readonly seconds?: number;
  readonly out?: string;
  readonly seed: number;
  readonly json: boolean;
}

/** For a pair, if not given. */
const USUAL = { states: 20_000, runs: 5000 };
const IN_TABLE = { states: 8000, runs: 2000 };

export async function diffVerb(names: readonly string[], options: DiffOptions): Promise<number> {
  const pairs = pairsOf(names, options);
  const kind = options.kind === undefined ? undefined : kindNamed(options.kind);
  for (const { kernels } of pairs) placesFor(...kernels, options.scope);
  await refuseUnwritable(filesNamed({ "--out": options.out }));
  const spinner = progress();
  const work = interruptible();
  const done: Pair[] = [];
  for (const pair of pairs) {
    if (work.interrupted) break;
    const say = (text: string) => spinner.say(`${pair.names.join(" and ")}: ${text}`);
    done.push({ ...pair, compared: await compareInTurns(pair.kernels, kind, options, work, say) });
  }
  spinner.stop();
  if (options.json) {
    const told = done.map(differingJson);
    console.log(JSON.stringify(options.all ? { pairs: told } : told[0]));
  } else print(options.all ? tableOfPairs(done) : done.map(differingText).join(""));
  if (options.out !== undefined) {
    const product = historyOf(options.out, done[0] as Pair);
    if (reportUnwritten(await writeFiles([product]))) return work.interrupted ? INTERRUPTED : BAD_INPUT;
    const on = (kernel: string) => commandLine("replay", replayLine(`${options.out} --kernel ${kernel}`));
    if (!options.json) print(`\n${pairs.flatMap(({ names }) => names.map(on)).join("\n")}`);
  }
  return work.interrupted ? INTERRUPTED : AS_EXPECTED;
}

function pairsOf(names: readonly string[], { all, out }: DiffOptions): Omit<Pair, "compared">[] {
  if (all) {
    if (names.length > 0) throw new UsageError("diff --all takes no kernels");
    if (out !== undefined) throw new UsageError("--out is for one pair");
    return KERNELS.slice(1).map((kernel, nth) => {
      const before = KERNELS[nth] as Kernel<State>;
      return { names: [before.name, kernel.name], kernels: [before, kernel] };
    });
  }
  const [one, other, ...more] = names;
  if (one === undefined || other === undefined || more.length > 0)
    throw new UsageError("diff takes two kernels, or --all");
  return [{ names: [one, other], kernels: [kernelNamed(one), kernelNamed(other)] }];
}

function kindNamed(name: string): KindId {
  const ids = KINDS.map(({ id }) => id);
  return orNearest("kind of difference", name, (word) => ids.find((id) => id === word), ids);
}

async function compareInTurns(
  [one, other]: Pair["kernels"],
  kind: KindId | undefined,
  { scope, states, runs, seconds, all, seed }: DiffOptions,
  work: ReturnType<typeof interruptible>,
  say: (text: string) => void,
): Promise<Compared> {
  const places = placesFor(one, other, scope);
  const usual = all ? IN_TABLE : USUAL;
  const late = timeUp(seconds);
  const turns = comparing({
    one,
    other,
    places,
    drawnIn:
      one === other ? [] : drawnIn(one, other, scope === undefined ? INSIDE : [places[0]?.scope as Scope]),
    kind,
    seed,
    states: states ?? usual.states,
    runs: runs ?? usual.runs,
  });
  let turn = turns.next(false);
  while (!turn.done) {
    say(turn.value);
    await work.turn();
    turn = turns.next(work.interrupted || late());
  }
  return turn.value;
}

/** Calls outside their domain are compared where a scope is named that has them. */
const INSIDE = SCOPES.filter(({ outside }) => outside !== true);

/** Where callers of both can do what callers do there. */
function drawnIn(one: Kernel<State>, other: Kernel<State>, scopes: readonly Scope[]): readonly Scope[] {
  const blocks = hasBlocks(one) && hasBlocks(other);
  const percpu = one.release.percpu && other.release.percpu;
  return scopes.filter(
    ({ blockPages, beforeInit, congruent }) =>
      (blocks || (blockPages === 0 && !beforeInit)) && (percpu || congruent.length === 0),
  );
}

/** An ordinary history: under the law that its last command breaks on one of the two, if it breaks any. */
function historyOf(path: string, { kernels, compared: { difference } }: Pair): Product {
  if (difference === undefined) return { option: "--out", path, lack: "no difference was found" };
  const { scope, history: commands } = difference;
  const { kernel, law } = breakOf(kernels, difference) ?? { kernel: kernels[1], law: "no-bug" };
  const text = formatHistory({ kernel: kernel.name, law, scope, commands });
  const read = historyIn(path, JSON.parse(text));
  const last = playOnBoth(...kernels, read.scope, read.commands).at(-1);
  if (last === undefined || last.differs === 0)
    throw new Error("vmapcheck itself is wrong: the history that was written shows no difference");
  return { option: "--out", path, text };
}

function breakOf([one, other]: Pair["kernels"], difference: Difference) {
  for (const kernel of [other, one]) {
    const law = playedOn(kernel, difference).at(-1)?.broken[0]?.id;
    if (law !== undefined) return { kernel, law };
  }
  return undefined;
}
