/** `explore --swarm`: several bounded searches in orders of their own, for what is too large to be visited whole. */
import { type Coverage, coverageOf, type SwarmSearch, swarming } from "../../engine/search/swarm.ts";
import type { ShortestViolation } from "../../engine/search/visitable.ts";
import { machineOf } from "../subject.ts";
import type { Parameters, Report, Subject, SubjectInstance } from "../subject-types.ts";
import { UsageError } from "../usage-error.ts";
import { Work } from "../work.ts";
import { asked, type ExploreOptions, prepared, subjectOf } from "./explore.ts";
import { memoryBounds } from "./memory.ts";

/** The most states of a search, if not given, and the longest runs. */
const USUAL_STATES = 1_000_000;
const USUAL_DEPTH = 100;
/** States in the sample of a search, about. */
const SAMPLED = 4096;

export interface SwarmJob
  extends Pick<
    ExploreOptions,
    "scope" | "law" | "symmetry" | "states" | "megabytes" | "say" | "signal" | "seconds"
  > {
  /** Searches; their seeds follow one another. */
  readonly swarm: number;
  readonly seed: number;
  readonly depth?: number | undefined;
}

/** What is kept of one search. */
export type OneSearch = Pick<SwarmSearch, "states" | "edges" | "depth" | "ended" | "sample" | "seconds">;

export interface SwarmReport {
  readonly subject: Subject;
  readonly instance: SubjectInstance;
  readonly parameters: Parameters;
  readonly seed: number;
  /** The bounds of each search. */
  readonly states: number;
  readonly depth: number;
  readonly every: number;
  readonly searches: readonly OneSearch[];
  /** Undefined if one search was all. */
  readonly coverage: Coverage | undefined;
  /** Of each law that is violated, the shortest run found. */
  readonly reports: readonly Report[];
  readonly interrupted: boolean;
}

/** One state in this many is in the samples of searches of this size. */
const everyOf = (states: number): number => 2 ** Math.max(0, Math.round(Math.log2(states / SAMPLED)));

export async function exploreSwarm(name: string | undefined, given: SwarmJob): Promise<SwarmReport> {
  const options = await prepared(name, given);
  const { swarm, seed, states = USUAL_STATES, depth = USUAL_DEPTH, law } = options;
  // Any order of a search may meet a violation, so none is left out.
  const ref = asked(name, { ...options, partialOrder: undefined, allOrders: true });
  const subject = subjectOf(name, ref);
  const instance = subject.open(ref.parameters, ref);
  const laws = instance.machine.laws.map(({ id }) => id);
  if (law !== undefined && !laws.includes(law)) throw new UsageError(`--law ${law}: no law of this machine`);
  const enough = (violated: readonly string[]) =>
    law === undefined ? violated.length === laws.length : violated.includes(law);
  const { isFull } = memoryBounds(options.megabytes);
  const every = everyOf(states);
  const work = new Work(options);
  const searches: OneSearch[] = [];
  const shortest = new Map<string, ShortestViolation>();
  for (let nth = 0; nth < swarm && work.stop === false; nth++) {
    const turns = swarming(machineOf(ref), { seed: seed + nth, states, depth, every, enough, isFull });
    const found = await work.through(
      turns,
      ({ states, depth }) => `search ${nth + 1} of ${swarm}: ${states} states, depth ${depth}`,
    );
    const { edges, ended, sample, seconds } = found;
    searches.push({ states: found.states, edges, depth: found.depth, ended, sample, seconds });
    for (const each of found.violations) {
      const known = shortest.get(each.law);
      if (known === undefined || each.run.length < known.run.length) shortest.set(each.law, each);
    }
  }
  return {
    subject,
    instance,
    parameters: ref.parameters,
    seed,
    states,
    depth,
    every,
    searches,
    coverage:
      searches.length > 1
        ? coverageOf(
            searches.map(({ sample }) => sample),
            every,
          )
        : undefined,
    reports: [...shortest.values()].map((each) => instance.explain(each)),
    interrupted: work.interrupted,
  };
}
