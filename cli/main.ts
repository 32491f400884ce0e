#!/usr/bin/env node
/**
 * The command line. Each verb is a file in verbs/, loaded when it is called; this file only defines how they are
 * called.
 */
import { randomInt } from "node:crypto";
import { Command } from "commander";
import { oneLine } from "../adapters/input-error.ts";
import { VERSION } from "../jobs/package-version.ts";
import { UsageError, wholeNumber } from "../jobs/usage-error.ts";
import { USUAL_SEED } from "../jobs/work.ts";
import { addCampaign } from "./campaign-verbs.ts";
import { BAD_INPUT } from "./exit.ts";
import {
  AS_OPTION,
  JSON_OPTION,
  LARGEST_SEED,
  SEED_OPTION,
  TRACE_OPTION,
  UNUSED_SEED_OPTION,
} from "./options.ts";
import { complain, textWidth } from "./output.ts";
import { onTree, report, run, type TreeOption } from "./run-verb.ts";
import type { CheckArguments } from "./verbs/check.ts";
import type { ConformOptions } from "./verbs/conform.ts";
import type { DiffOptions } from "./verbs/diff.ts";
import type { DriveArguments } from "./verbs/drive.ts";
import type { ExploreArguments } from "./verbs/explore.ts";
import type { HuntOptions } from "./verbs/hunt.ts";
import type { JudgeOptions } from "./verbs/judge.ts";
import type { ListOptions } from "./verbs/list.ts";
import type { PinOptions } from "./verbs/pin.ts";
import type { RecordOptions } from "./verbs/record.ts";
import type { ReplayOptions } from "./verbs/replay.ts";
import type { SimulateArguments } from "./verbs/simulate.ts";
import type { TreesOptions } from "./verbs/trees.ts";
import type { ValidateOptions } from "./verbs/validate.ts";
import type { ViewOptions } from "./verbs/view.ts";
import type { VmallocinfoOptions } from "./verbs/vmallocinfo.ts";

const MOST_RUNS = 10_000_000;

const program = new Command("vmapcheck")
  .description(
    "Checks allocators of kernel virtual addresses, and mmu_gathers, release by release, against one reference model.",
  )
  .version(`vmapcheck ${VERSION}`, "--version", "print the version")
  .showSuggestionAfterError(true)
  .exitOverride()
  .configureOutput({ outputError: () => {}, getOutHelpWidth: textWidth, getErrHelpWidth: textWidth });

program
  .command("check")
  .description("every kernel against every law it promises: pinned histories first, then random ones")
  .argument(
    "[kernel...]",
    "labels such as 2.6.39 or gather-3.1, or gather for all of them; all when none is given",
  )
  .option(
    "--runs <number>",
    "random histories in each scope; 1500 unless given; fewer may not reach every witness, which is a warning then and else a failure; 0 for pinned histories alone",
    wholeNumber("--runs", 0, MOST_RUNS),
  )
  .option("--law <id>", "only this law")
  .option("--tree <directory>", "the mm/vmalloc.c of this kernel tree, beside the release it is nearest to")
  .option("--as <release>", "with --tree: judged by the promises of this release")
  .option(...SEED_OPTION, USUAL_SEED)
  .option("--details", "also each violation, what was visited whole, and every interleaving", false)
  .option("--coverage", "also what was exercised, and ways to draw histories by the states they visit", false)
  .option(...JSON_OPTION)
  .action(run<string[], CheckArguments>(async () => (await import("./verbs/check.ts")).checkVerb));

program
  .command("hunt")
  .description(
    "rediscovers catalogue bugs at random, or finds what is not known of a kernel or tree, from a fresh seed",
  )
  .argument(
    "[subject...]",
    "bugs by slug or number, such as va-gap-offbyone, A1 or D2, and kernels, such as 6.12 or tree:DIR; all bugs when none is given",
  )
  .option(
    "--tree <directory>",
    "your own kernel tree: histories until one violates a law as its release does not",
  )
  .option("--as <label>", "judge the tree by the promises of this release, not of the nearest one")
  .option(
    "--runs <number>",
    "histories drawn for each law, or on each kernel, until one is found; 500000 unless given",
    wholeNumber("--runs", 1, MOST_RUNS),
  )
  .option(
    "--tries <number>",
    "histories drawn for a shorter one, once it is found; 30000 unless given",
    wholeNumber("--tries", 0, MOST_RUNS),
  )
  .option("--seconds <number>", "end after this long", wholeNumber("--seconds", 1, 2 ** 20))
  .option("--law <id>", "only this law")
  .option(...SEED_OPTION)
  .option(...JSON_OPTION)
  .action(
    run<string[], HuntOptions>(async () => {
      const { huntVerb } = await import("./verbs/hunt.ts");
      return (names, options) =>
        huntVerb(names, { ...options, seed: options.seed ?? randomInt(LARGEST_SEED) });
    }),
  );

program
  .command("explore")
  .description("visits every state of a small machine: a protocol, or a kernel beside the reference")
  .argument(
    "[machine]",
    "lazy-unmap, a kernel such as 6.12 or gather-3.1, or a bug that is a kernel with one step replaced",
  )
  .option("--scope <parameters>", "such as V=3,F=2,C=3 or pages=8,windows=1")
  .option(
    "--calls <calls>",
    'on the code of a tree, step by step, such as "x = map 1; y = map 1 : unmap y | unmap x; aliases"',
  )
  .option("--grain <grain>", "of --calls: steps at locks, or at READ_ONCE and WRITE_ONCE too (once)")
  .option("--symmetry <on or off>", "merge equivalent states; on unless given")
  .option(
    "--partial-order <on, late or off>",
    "take steps that commute in fewer orders, or only delay some of them; on for blocks-..., unless given",
  )
  .option("--liveness", "look for runs in which what has to end never does", false)
  .option(
    "--runs <number>",
    "random runs of a protocol, each step judged, in place of every state",
    wholeNumber("--runs", 1, MOST_RUNS),
  )
  .option("--law <id>", "end as soon as this law is violated")
  .option("--actions", "for each law violated: by which actions, and in how many steps", false)
  .option("--compact", "keep 64 bits of hash of a state, not the state", false)
  .option("--states <number>", "end after this many states", wholeNumber("--states", 1, 2 ** 30), 50_000_000)
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
  .option("--queue <address>", "keep the states on this Redis or Valkey server, for workers on many machines")
  .option("--shards <hosts>", "spread them over these servers, such as HOST:6379,HOST:6380")
  .option("--checkpoint <file>", "save the search there from time to time, and where it ends early")
  .option("--every <seconds>", "how often; 30 unless given", wholeNumber("--every", 0, 2 ** 20))
  .option("--resume <file>", "continue a search that was saved, of the machine that was saved")
  .option("--dot <file>", "write the graph for Graphviz, if it has at most 2000 states")
  .option("--out <file>", "write the history or run that violates a law, for replay")
  .option(
    "--itf <file>",
    "write the run of the first violation as an ITF trace (.itf.json), for Quint and Apalache",
  )
  .option("--seed <number>", "seed of random runs (--runs)", SEED_OPTION[2])
  .option(...JSON_OPTION)
  .action(
    run<string | undefined, ExploreArguments>(async ({ calls }) =>
      calls === undefined
        ? (await import("./verbs/explore.ts")).exploreVerb
        : (await import("./verbs/explore-calls.ts")).exploreCallsVerb,
    ),
  );

program
  .command("diff")
  .description("the shortest history on which two kernels answer differently")
  .argument(
    "[kernel...]",
    "two kernels, such as 5.17 and 6.1 or gather-3.1 and gather-3.9.6, or bugs that are a kernel with one step replaced",
  )
  .option("--all", "each release and the next, in a table", false)
  .option("--scope <parameters>", "explore this small space, such as pages=6,windows=1, not the usual ones")
  .option("--kind <kind>", "only a difference of this kind, such as address or flush")
  .option(
    "--states <number>",
    "visited in each space; 20000 unless given, 8000 with --all",
    wholeNumber("--states", 1, 2 ** 30),
  )
  .option(
    "--runs <number>",
    "histories drawn where that shows no difference; 5000 unless given, 2000 with --all",
    wholeNumber("--runs", 0, MOST_RUNS),
  )
  .option(
    "--seconds <number>",
    "end a pair after this long, at what is known then",
    wholeNumber("--seconds", 1, 2 ** 20),
  )
  .option("--out <file>", "write the history, for replay")
  .option(...SEED_OPTION, USUAL_SEED)
  .option(...JSON_OPTION)
  .action(run<string[], DiffOptions>(async () => (await import("./verbs/diff.ts")).diffVerb));

program
  .command("replay")
  .description("judges a history step by step, with the address space after each")
  .argument("<file-or-bug>", "a history (.json), a recording (.jsonl, .jsonl.gz), or a bug")
  .option("--kernel <label>", "on our model of this kernel; else on the one it was found on, or as recorded")
  .option("--tree <directory>", "on the mm/vmalloc.c of this kernel tree")
  .option("--law <id>", "only this law; of a bug, the history pinned for it")
  .option(
    "--grain <grain>",
    "of a bug that has both: its history of calls (call), or its interleaving (step)",
  )
  .option("--all", "every step of a history of more than 40, not only the last 20", false)
  .option(...TRACE_OPTION)
  .option(...AS_OPTION)
  .option("--format <format>", "text, or mail: 72 columns of plain ASCII, with bug, commits and source")
  .option(...UNUSED_SEED_OPTION)
  .option(...JSON_OPTION)
  .action(
    run<string, ReplayOptions & TreeOption>(async () =>
      onTree((await import("./verbs/replay.ts")).replayVerb),
    ),
  );

program
  .command("pin")
  .description("shrinks a history that violates a law, names it and files it, unless a shorter one is pinned")
  .argument("<file>", "a history (.json) or a recording (.jsonl, .jsonl.gz); with --reproducer also a bug")
  .option("--kernel <label>", "on our model of this kernel; else on the one it was found on, or as recorded")
  .option("--tree <directory>", "on the mm/vmalloc.c of this kernel tree")
  .option("--law <id>", "this law, not the first that is violated")
  .option(
    "--reproducer [kind]",
    "write C that makes the same calls of the real kernel: kunit (of a history unless given) or module",
  )
  .option("--grain <grain>", "with --reproducer, of a bug that has both: call or step")
  .option("--out <file>", "with --reproducer: write it there, where nothing may be yet")
  .option(...TRACE_OPTION)
  .option(...AS_OPTION)
  .option(...UNUSED_SEED_OPTION)
  .option(...JSON_OPTION)
  .action(
    run<string, PinOptions & TreeOption>(async () =>
      onTree<string, PinOptions & TreeOption>((await import("./verbs/pin.ts")).pinVerb),
    ),
  );

program
  .command("conform")
  .description("runs a recording's commands on our version of its kernel and compares every reply field")
  .argument("<file...>", "recordings (.jsonl, .jsonl.gz)")
  .option("--tree <directory>", "on the mm/vmalloc.c of this kernel tree, not on our model")
  .option(...UNUSED_SEED_OPTION)
  .option(...JSON_OPTION)
  .action(run<string[], ConformOptions>(async () => (await import("./verbs/conform.ts")).conformVerb));

program
  .command("judge")
  .description("judges a recording by the laws, with none of our kernels involved")
  .argument("<file...>", "recordings (.jsonl, .jsonl.gz)")
  .option("--law <id>", "only this law")
  .option(...AS_OPTION)
  .option(...UNUSED_SEED_OPTION)
  .option(...JSON_OPTION)
  .action(run<string[], JudgeOptions>(async () => (await import("./verbs/judge.ts")).judgeVerb));

program
  .command("validate")
  .description("judges the ftrace log of a running kernel; how to record one: docs/recording.md")
  .argument("<log...>", "text of trace, trace_pipe, trace-cmd report or perf script, plain or gzipped")
  .option(
    "--vmallocinfo <file>",
    "/proc/vmallocinfo as the log ended; of several readings in it those titled `==== pre` and `==== end`",
  )
  .option("--release <version>", "the kernel's version, such as 6.12: then more can be decided")
  .option("--plots <directory>", "write plots of one log there, as SVG")
  .option("--pin", "file the first violation of each law as a recording, for replay and judge", false)
  .option(...UNUSED_SEED_OPTION)
  .option(...JSON_OPTION)
  .action(run<string[], ValidateOptions>(async () => (await import("./verbs/validate.ts")).validateVerb));

program
  .command("vmallocinfo")
  .description("maps /proc/vmallocinfo: users, holes, violations, and where a request would go")
  .argument("<file>", "its text, of any release since 2.6.28, plain or gzipped")
  .option("--fit <size,align>", "where an area of this size would go, by release; bytes, with K, M or G")
  .option("--window <start,end>", "of --fit: the window in which it may lie, 0xSTART,0xEND")
  .option("--release <version>", "of --fit: only as this release would do it")
  .option(...UNUSED_SEED_OPTION)
  .option(...JSON_OPTION)
  .action(
    run<string, VmallocinfoOptions>(async () => (await import("./verbs/vmallocinfo.ts")).vmallocinfoVerb),
  );

program
  .command("drive")
  .description(
    "any allocator in a child process, by the line protocol of docs/drive.md: random histories, judged",
  )
  .argument("[command...]", "the program and its arguments, behind --")
  .option("--tree <directory>", "a kernel tree, compiled and run as a child, in place of a command")
  .option("--sanitize", "with --tree: compiled with ASan and UBSan", false)
  .option("--runs <number>", "random histories", wholeNumber("--runs", 1, MOST_RUNS), 1000)
  .option("--seconds <number>", "end after this long", wholeNumber("--seconds", 1, 2 ** 20))
  .option("--law <id>", "only this law")
  .option("--as <label>", "by the promises of this release, not by those that the child names")
  .option("--history <file>", "run this history, not random ones")
  .option("--out <file>", "write the history that violates a law, for --history and replay")
  .option(
    "--deadline <milliseconds>",
    "by when each request must be answered",
    wholeNumber("--deadline", 1, 2 ** 22),
    2000,
  )
  .option(
    "--memory <megabytes>",
    "private memory that a process may take; 0 for no bound, as a sanitizer needs",
    wholeNumber("--memory", 0, 2 ** 20),
    1024,
  )
  .option("--fresh", "a new process for each history, even if the child offers again", false)
  .option(...SEED_OPTION, USUAL_SEED)
  .option(...JSON_OPTION)
  .action(run<string[], DriveArguments>(async () => (await import("./verbs/drive.ts")).driveVerb));

program
  .command("simulate")
  .description(
    "what laziness costs and saves: the table of db64fe02, and what follows from it (docs/cost.md)",
  )
  .argument(
    "[part...]",
    "beside the table: variants, sensitivity, directory, growth, aliases, gather; growth takes minutes",
  )
  .option(
    "--costs <file>",
    "what steps cost on another machine (JSON; what it leaves out is as on the Opteron of 2008)",
  )
  .option("--cpus <number>", "the most CPUs of growth", wholeNumber("--cpus", 1, 4096), 4096)
  .option("--csv", "print one line for each figure", false)
  .option("--plot <file>", "draw the table, or the directory or growth where they are asked for, as SVG")
  .option(...SEED_OPTION, 1)
  .option(...JSON_OPTION)
  .action(run<string[], SimulateArguments>(async () => (await import("./verbs/simulate.ts")).simulateVerb));

program
  .command("trees")
  .description("what is known of kernel trees: version, probes, constants, stubs")
  .argument("[directory...]", "kernel trees, or as much of them as has mm, lib, include and Makefile")
  .option(...UNUSED_SEED_OPTION)
  .option(...JSON_OPTION)
  .action(run<string[], TreesOptions>(async () => (await import("./verbs/trees.ts")).treesVerb));

program
  .command("record")
  .description("what a kernel tree answers to random callers, as a recording for judge and conform")
  .option("--tree <directory>", "the kernel tree")
  .option("--as <release>", "under the label of this release, not of the nearest")
  .option("--out <file>", "write it there, not to standard output")
  .option("--traces <number>", "traces in each of two scopes", wholeNumber("--traces", 1, MOST_RUNS), 50)
  .option(...SEED_OPTION, USUAL_SEED)
  .option(...JSON_OPTION)
  .action(run<undefined, RecordOptions>(async () => (await import("./verbs/record.ts")).recordVerb));

addCampaign(program);

program
  .command("list")
  .description("the kernels, laws, bugs and scopes there are; or all about one bug or kernel")
  .argument("[name]", "a bug, a kernel or any version, such as C7, 6.5, gather-3.1 or 5.15.0-91-generic")
  .option("--program <protocol>", "what a CPU does in a protocol, step by step, such as blocks-6.12")
  .option(...UNUSED_SEED_OPTION)
  .option(...JSON_OPTION)
  .action(run<string | undefined, ListOptions>(async () => (await import("./verbs/list.ts")).listVerb));

program
  .command("view")
  .description(
    "the page: matrix, histories, interleavings and bugs in a browser, served on this machine only",
  )
  .argument("[file-or-bug]", "a history, an interleaving, a recording, a log, a bug, or tree:DIR")
  .option("--tree <directory>", "a kernel tree to take the file or the bug on, too")
  .option("--out <file>", "write one HTML file that needs no server, in place of serving")
  .option("--port <number>", "on this port; a free one unless given", wholeNumber("--port", 1, 65_535))
  .option(...UNUSED_SEED_OPTION)
  .option(...JSON_OPTION)
  .action(run<string | undefined, ViewOptions>(async () => (await import("./verbs/view.ts")).viewVerb));

refuseRepeated();

/** Of an option given twice, the first would have no effect. Throws a UsageError while words are parsed. */
function refuseRepeated(): void {
  for (const command of program.commands) {
    for (const option of command.options.filter(({ required }) => required)) {
      let given = false;
      command.on(`option:${option.name()}`, () => {
        if (given) throw new UsageError(`${option.long} is given twice`);
        given = true;
      });
    }
  }
}

// The output is lost. A pipe closed by its reader (`| head`) needs no message.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") complain(`standard output: ${oneLine(error.message)}`);
  process.exit(BAD_INPUT);
});
process.stderr.on("error", () => {});

try {
  await program.parseAsync();
} catch (error) {
  report(error);
}
