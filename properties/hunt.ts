/** Looks for one break at random, and brings it down to the fewest commands it can. */
import { searchAtRandom } from "../engine/random.ts";
import { shrink } from "../engine/shrink.ts";
import { replay } from "../engine/stepper.ts";
import type { LawId } from "../spec/contract.ts";
import { type HistoryStep, isWellFormed, naming } from "../spec/history.ts";
import type { Kernel } from "../spec/kernel.ts";
import type { Scope } from "../spec/scope.ts";
import type { World } from "../spec/world.ts";
import { type Choice, choices, type Lengths } from "./choices.ts";
import { confirm, play } from "./play.ts";
import { scopesFor } from "./scopes.ts";
import { quickSettingFor, settingFor, type VmapPlayed, type VmapSetting } from "./setting.ts";
import { simpler } from "./simpler.ts";

export interface Quarry<S> {
  readonly kernel: Kernel<S>;
  readonly law: LawId;
  /** Callers also make calls outside their domain that the release does not check. */
  readonly byUnchecked?: true | undefined;
  /** Whether this step, which broke the law, broke it in the way looked for. */
  meant(step: VmapPlayed<World>): boolean;
}

export interface Caught {
  readonly scope: Scope;
  readonly history: readonly HistoryStep[];
}

/** When a hunt gives up: whichever comes first. */
export interface HuntLimit {
  readonly milliseconds: number;
  /** Histories drawn before something is caught. */
  readonly runs: number;
  /** For how long a shorter history is hoped for once one is caught, in milliseconds; 3,000 if not given. */
  readonly hope?: number;
  /** A history of so many commands, or of fewer, is short enough: no shorter one is hoped for. */
  readonly enough?: number;
}

export interface HuntResult {
  readonly caught: Caught | undefined;
  readonly runs: number;
  readonly seconds: number;
}

/** Histories drawn before the next scope has its turn. */
const TURN = 40;
/** The lengths to which histories are drawn, in turn: short ones are likely to be nearly minimal at once. */
const LONGEST = 30;
const LENGTHS = [6, LONGEST];
/** Histories tried for each length and scope, times the length, in the hope of one shorter than was caught. */
const TRIES_PER_STEP = 500;
const ROUNDS = 8;
/** Long histories brought down anew in each round, tries for each, and how far apart rounds draw their seeds. */
const WAYS = 8;
const WAY_TRIES = 400;
const TURNS_APART = 1000;
/** What takes fewer commands than this is sooner met in short histories, and there are many to draw in the same time. */
const MANY = 6;
/** How long hope lasts if nothing is said of it, in milliseconds. */
const HOPE_MS = 3000;

/** Hunts until something is caught, or the limit is reached. */
export function hunt<S>(quarry: Quarry<S>, seed: number, limit: HuntLimit): HuntResult {
  const started = Date.now();
  const deadline = started + limit.milliseconds;
  const scopes = scopesOf(quarry);
  let runs = 0;
  let caught: Caught | undefined;
  for (let turn = 0; caught === undefined && runs < limit.runs && Date.now() < deadline; turn++) {
    const scope = scopes[turn % scopes.length] as Scope;
    const longest = LENGTHS[Math.floor(turn / scopes.length) % LENGTHS.length] as number;
    const found = draw(quarry, scope, { longest }, Math.min(TURN, limit.runs - runs), seed + turn, deadline);
    runs += found.runs;
    if (found.found !== undefined) caught = { scope, history: bringDown(quarry, scope, found.found) };
  }
  if (caught !== undefined) {
    const hopeEnds = Math.min(deadline, Date.now() + (limit.hope ?? HOPE_MS));
    caught = shorter(quarry, caught, seed, hopeEnds, limit.enough ?? 1);
  }
  return { caught, runs, seconds: (Date.now() - started) / 1000 };
}

/** Calls outside their domain are made where the law speaks of them, or the bug takes one. */
function scopesOf<S>({ kernel, law, byUnchecked }: Quarry<S>): readonly Scope[] {
  const withOutside = byUnchecked === true || law === "argument-domain";
  return scopesFor(kernel.release).filter(({ outside }) => withOutside || outside !== true);
}

function draw<S>(
  quarry: Quarry<S>,
  scope: Scope,
  lengths: Lengths,
  runs: number,
  seed: number,
  deadline: number,
) {
  const { kernel } = quarry;
  const setting = quickSettingFor(kernel, scope);
  const attempt = (drawn: readonly Choice[]) => {
    const broken = (step: VmapPlayed<World>) => (isQuarry(quarry, step) ? "fail" : "go on");
    const { history, failed } = play(setting, drawn, { broken }, quarry.byUnchecked ? "any" : "answered");
    if (failed === undefined) return undefined;
    confirm(kernel, scope, history, (step) => isQuarry(quarry, step));
    return history;
  };
  return searchAtRandom({ drawn: choices(scope, lengths), attempt, seed, runs, deadline });
}

function isQuarry<S>(quarry: Quarry<S>, step: VmapPlayed<World>): boolean {
  return step.broken.some((law) => law.id === quarry.law) && quarry.meant(step);
}

/** The history shrunk as far as it still ends in the quarry. */
export function bringDown<S>(
  quarry: Quarry<S>,
  scope: Scope,
  history: readonly HistoryStep[],
): readonly HistoryStep[] {
  const setting = settingFor(quarry.kernel, scope);
  return shrink(history, {
    fails: (candidate) => endsIn(quarry, setting, candidate),
    without: naming.without,
    simpler: (step) => simpler(step, scope),
  });
}

function endsIn<S>(quarry: Quarry<S>, setting: VmapSetting<S>, history: readonly HistoryStep[]): boolean {
  if (!isWellFormed(history, setting.scope)) return false;
  const last = replay(setting, history, quarry.law).at(-1);
  return last !== undefined && isQuarry(quarry, last);
}

/** Another long history brought down: of a break that takes many commands it may leave fewer. */
function anotherWay<S>(quarry: Quarry<S>, best: Caught, seed: number, deadline: number): Caught {
  const { scope } = best;
  let least = best;
  for (let way = 0; way < WAYS && Date.now() < deadline; way++) {
    const { found } = draw(quarry, scope, { longest: LONGEST }, WAY_TRIES, seed + way, deadline);
    if (found === undefined) continue;
    const history = bringDown(quarry, scope, found);
    if (history.length < least.history.length) least = { scope, history };
  }
  return least;
}

/**
 * Dropping and simplifying steps cannot turn one way of breaking a law into another, so short histories are
 * drawn afresh in every scope: the machines are small enough to be lucky.
 */
function shorter<S>(
  quarry: Quarry<S>,
  caught: Caught,
  seed: number,
  deadline: number,
  enough: number,
): Caught {
  let best = caught;
  // What took maps alone cannot happen where there are no blocks, and what took none is sooner met there.
  const maps = caught.history.some(({ op }) => op === "mapRam");
  const areas = !maps || caught.history.some(({ op }) => op === "alloc");
  // Nor can what took percpu areas, where none are asked for.
  const percpu = caught.history.some(({ op }) => op === "pcpuGet");
  const others = scopesOf(quarry).filter(
    (scope) =>
      scope !== caught.scope &&
      (scope.blockPages > 0 ? maps : areas) &&
      percpu === scope.congruent.length > 0,
  );
  const scopes = [caught.scope, ...others];
  // In rounds, so that every length has had a turn before the time is up.
  for (let round = 0; round < ROUNDS && best.history.length > enough; round++) {
    if (best.history.length >= MANY)
      best = anotherWay(quarry, best, seed + TURNS_APART * (round + 1), deadline);
    for (let length = 1; length < best.history.length && best.history.length > enough; length++) {
      for (const scope of scopes) {
        const lengths = { shortest: length, longest: length };
        const { found } = draw(quarry, scope, lengths, TRIES_PER_STEP * length, seed + round, deadline);
        if (found === undefined) continue;
        best = { scope, history: bringDown(quarry, scope, found) };
        break;
      }
    }
  }
  return best;
}
