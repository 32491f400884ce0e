/** The verbs on what others recorded, logged or wrote: recordings, logs, allocators and kernel trees. */
import type { Command } from "commander";
import { wholeNumber } from "../jobs/usage-error.ts";
import { USUAL_SEED } from "../jobs/work.ts";
import { AS_OPTION, JSON_OPTION, MOST_RUNS, SEED_OPTION, UNUSED_SEED_OPTION } from "./options.ts";
import { run } from "./run-verb.ts";
import type { ConformOptions } from "./verbs/conform.ts";
import type { DriveArguments } from "./verbs/drive.ts";
import type { JudgeOptions } from "./verbs/judge.ts";
import type { RecordOptions } from "./verbs/record.ts";
import type { TreesOptions } from "./verbs/trees.ts";
import type { ValidateOptions } from "./verbs/validate.ts";
import type { VmallocinfoOptions } from "./verbs/vmallocinfo.ts";

export function addReaders(program: Command): void {
  program
    .command("conform")
    .description(
      "runs a recording's commands on our model of its kernel and compares every field of every reply",
    )
    .argument("<file...>", "recordings (.jsonl, .jsonl.gz)")
    .option("--tree <directory>", "run it on the mm/vmalloc.c of this kernel tree, not on our model")
    .option(...UNUSED_SEED_OPTION)
    .option(...JSON_OPTION)
    .action(run<string[], ConformOptions>(async () => (await import("./verbs/conform.ts")).conformVerb));

  program
    .command("judge")
    .description("judges a recording by the laws alone, without our models")
    .argument("<file...>", "recordings (.jsonl, .jsonl.gz)")
    .option("--law <id>", "only this law")
    .option(...AS_OPTION)
    .option(...UNUSED_SEED_OPTION)
    .option(...JSON_OPTION)
    .action(run<string[], JudgeOptions>(async () => (await import("./verbs/judge.ts")).judgeVerb));

  program
    .command("validate")
    .description("judges the ftrace log of a running kernel; how to record one: docs/recording.md")
    .argument(
      "<log...>",
      "text of trace, trace_pipe, trace-cmd report or perf script, plain or gzipped; - reads a pipe",
    )
    .option(
      "--vmallocinfo <file>",
      "/proc/vmallocinfo at the end of the log; if the file has several readings, those titled `==== pre` and `==== end`",
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
      "judges random histories of any allocator, run in a child process by the line protocol of docs/drive.md",
    )
    .argument("[command...]", "the program and its arguments, after --")
    .option("--tree <directory>", "a kernel tree, compiled and run as a child, in place of a command")
    .option("--sanitize", "with --tree: compiled with ASan and UBSan", false)
    .option("--runs <number>", "random histories", wholeNumber("--runs", 1, MOST_RUNS), 1000)
    .option("--seconds <number>", "end after this long", wholeNumber("--seconds", 1, 2 ** 20))
    .option("--law <id>", "only this law")
    .option("--as <label>", "judge by the promises of this release, not by those that the child names")
    .option("--history <file>", "run this history in place of random ones")
    .option("--out <file>", "write the history that violates a law, for --history and replay")
    .option(
      "--deadline <milliseconds>",
      "the time within which each request must be answered",
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
    .command("record")
    .description("writes what a kernel tree answers to random callers, as a recording for judge and conform")
    .option("--tree <directory>", "the kernel tree")
    .option("--as <release>", "record under the label of this release, not of the nearest")
    .option("--out <file>", "write to this file, not to standard output")
    .option("--traces <number>", "traces in each of two scopes", wholeNumber("--traces", 1, MOST_RUNS), 50)
    .option(...SEED_OPTION, USUAL_SEED)
    .option(...JSON_OPTION)
    .action(run<undefined, RecordOptions>(async () => (await import("./verbs/record.ts")).recordVerb));

  program
    .command("trees")
    .description("prints what is known of kernel trees: version, probes, constants, stubs")
    .argument("[directory...]", "kernel trees, or as much of them as has mm, lib, include and Makefile")
    .option(...UNUSED_SEED_OPTION)
    .option(...JSON_OPTION)
    .action(run<string[], TreesOptions>(async () => (await import("./verbs/trees.ts")).treesVerb));
}
