/** The verb `explore`: how it is called. */
import type { Command } from "commander";
import { wholeNumber } from "../jobs/usage-error.ts";
import { JSON_OPTION, MOST_RUNS, SEED_OPTION } from "./options.ts";
import { run } from "./run-verb.ts";
import type { ExploreArguments } from "./verbs/explore.ts";

export function addExplore(program: Command): void {
  program
    .command("explore")
    .description("visits every state of a small machine: a protocol, or a kernel beside the reference")
    .argument(
      "[machine]",
      "a protocol such as blocks-6.12, a kernel such as 6.12, gather-3.1 or tree:DIR, or a bug that is a kernel with one step replaced",
    )
    .option("--scope <parameters>", "such as V=3,F=2,C=3 or pages=8,windows=1")
    .option(
      "--calls <calls>",
      'on the code of a tree, step by step, such as "x = map 1; y = map 1 : unmap y | unmap x; aliases"; or pairs, triples, actor-pairs, actor-triples: every two or three calls on two CPUs, the actors with reclaim and readers among them',
    )
    .option("--grain <grain>", "of --calls: steps at locks, or at READ_ONCE and WRITE_ONCE too (once)")
    .option(
      "--skip <number>",
      "of --calls pairs and the like: leave out this many, which were explored before",
      wholeNumber("--skip", 1, 100_000),
    )
    .option("--symmetry <on or off>", "merge equivalent states; on unless given")
    .option(
      "--partial-order <on, late or off>",
      "take steps that commute in fewer orders, or only delay some of them; on for blocks-..., unless given",
    )
    .option("--liveness", "look for endless runs in which something that must end does not", false)
    .option(
      "--runs <number>",
      "random runs of a protocol, each step judged, in place of every state",
      wholeNumber("--runs", 1, MOST_RUNS),
    )
    .option(
      "--swarm <number>",
      "this many searches, each depth first in an order of its own, for what is too large to be visited whole",
      wholeNumber("--swarm", 1, 10_000),
    )
    .option(
      "--depth <number>",
      "steps of a run of --swarm; 100 unless given",
      wholeNumber("--depth", 1, 60_000),
    )
    .option("--law <id>", "end as soon as this law is violated")
    .option("--whole", "visit every state of a protocol, beyond its first violation", false)
    .option("--actions", "print which actions violate each violated law, and in how many steps", false)
    .option("--compact", "keep a hash of 64 bits of each state in place of the state", false)
    .option(
      "--states <number>",
      "end after this many states; 50000000 unless given, each search of --swarm after 1000000",
      wholeNumber("--states", 1, 2 ** 30),
    )
    .option("--seconds <number>", "end after this many seconds", wholeNumber("--seconds", 1, 2 ** 20), 600)
    .option(
      "--megabytes <number>",
      "end once the process takes this much memory",
      wholeNumber("--megabytes", 1, 2 ** 20),
    )
    .option(
      "--workers <number>",
      "threads that visit states, up to 4; with --queue those of this machine, or 0",
      wholeNumber("--workers", 0, 256),
      1,
    )
    .option(
      "--queue <address>",
      "keep the states on this Redis or Valkey server, for workers on many machines",
    )
    .option("--shards <hosts>", "spread them over these servers, such as HOST:6379,HOST:6380")
    .option("--forget", "remove what such a search left on the servers, in place of continuing it", false)
    .option("--checkpoint <file>", "save the search in this file from time to time, and if it ends early")
    .option(
      "--every <seconds>",
      "seconds between two checkpoints; 30 unless given",
      wholeNumber("--every", 0, 2 ** 20),
    )
    .option("--resume <file>", "continue a search that was saved, of the machine that was saved")
    .option("--dot <file>", "write the graph for Graphviz, if it has at most 2000 states")
    .option("--out <file>", "write the history or run that violates a law, for replay")
    .option(
      "--itf <file>",
      "write the run of the first violation as an ITF trace (.itf.json), for Quint and Apalache",
    )
    .option("--seed <number>", "seed of random runs (--runs), and the first of --swarm", SEED_OPTION[2])
    .option(...JSON_OPTION)
    .action(
      run<string | undefined, ExploreArguments>(async ({ calls }) =>
        calls === undefined
          ? (await import("./verbs/explore.ts")).exploreVerb
          : (await import("./verbs/explore-calls.ts")).exploreCallsVerb,
      ),
    );
}
