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
import { BAD_INPUT, UNREAD } from "./exit.ts";
import { addExplore } from "./explore-verb.ts";
import {
  AS_OPTION,
  JSON_OPTION,
  LARGEST_SEED,
  MOST_RUNS,
  SEED_OPTION,
  TRACE_OPTION,
  UNUSED_SEED_OPTION,
} from "./options.ts";
import { complain, textWidth } from "./output.ts";
import { addReaders } from "./reader-verbs.ts";
import { onTree, report, run, type TreeOption } from "./run-verb.ts";
import type { CheckArguments } from "./verbs/check.ts";
import type { DiffOptions } from "./verbs/diff.ts";
import type { HuntOptions } from "./verbs/hunt.ts";
import type { ListOptions } from "./verbs/list.ts";
import type { PinOptions } from "./verbs/pin.ts";
import type { ReplayOptions } from "./verbs/replay.ts";
import type { SimulateArguments } from "./verbs/simulate.ts";
import type { ViewOptions } from "./verbs/view.ts";

const program = new Command("vmapcheck")
  .description(
    "Checks allocators of kernel virtual addresses, and mmu_gathers, release by release, against one reference model.",
  )
  .version(`vmapcheck ${VERSION}`, "--version", "print the version")
  .showSuggestionAfterError(true)
  .exitOverride()
  // That a flag is off unless it is given goes without saying.
  .configureHelp({
    optionDescription: ({ description, defaultValue }) =>
      defaultValue === undefined || defaultValue === false
        ? description
        : `${description} (default: ${JSON.stringify(defaultValue)})`,
  })
  .configureOutput({ outputError: () => {}, getOutHelpWidth: textWidth, getErrHelpWidth: textWidth });

program
  .command("check")
  .description(
    "checks every kernel against every law it promises, by pinned histories and then by random ones",
  )
  .argument(
    "[kernel...]",
    "labels such as 2.6.39 or gather-3.1, or gather for all of them; all when none is given",
  )
  .option(
    "--runs <number>",
    "random histories in each scope; 1500 unless given; 0: pinned histories alone. If it is given, a witness that is not reached is a warning, not a failure",
    wholeNumber("--runs", 0, MOST_RUNS),
  )
  .option("--law <id>", "only this law")
  .option("--tree <directory>", "check the mm/vmalloc.c of this kernel tree, beside the nearest release")
  .option("--as <release>", "with --tree: judged by the promises of this release")
  .option(...SEED_OPTION, USUAL_SEED)
  .option("--details", "print each violation, what was visited whole, and every interleaving", false)
  .option(
    "--coverage",
    "print what was exercised, and compare ways to draw histories by the states that they visit",
    false,
  )
  .option(...JSON_OPTION)
  .action(run<string[], CheckArguments>(async () => (await import("./verbs/check.ts")).checkVerb));

program
  .command("hunt")
  .description(
    "finds catalogue bugs again by random histories, or unknown violations of a kernel or tree; from a fresh seed",
  )
  .argument(
    "[subject...]",
    "bugs by slug or number, such as va-gap-offbyone, A1 or D2, and kernels, such as 6.12 or tree:DIR; all bugs when none is given",
  )
  .option(
    "--tree <directory>",
    "a kernel tree: draw histories until one violates a law in a way that its release does not",
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

addExplore(program);

program
  .command("diff")
  .description("finds the shortest history on which two kernels answer differently")
  .argument(
    "[kernel...]",
    "two kernels, such as 5.17 and 6.1, gather-3.1 and gather-3.9.6, or 7.2 and tree:DIR, or bugs that are a kernel with one step replaced",
  )
  .option("--all", "each release and the next, in a table", false)
  .option("--scope <parameters>", "explore this small space, such as pages=6,windows=1, not the usual ones")
  .option("--kind <kind>", "only a difference of this kind, such as address or flush")
  .option(
    "--states <number>",
    "states visited in each space; 20000 unless given, 8000 with --all",
    wholeNumber("--states", 1, 2 ** 30),
  )
  .option(
    "--runs <number>",
    "random histories if exploring shows no difference; 5000 unless given, 2000 with --all",
    wholeNumber("--runs", 0, MOST_RUNS),
  )
  .option(
    "--seconds <number>",
    "stop comparing a pair after this long, and report what is known by then",
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
  .option(
    "--kernel <label>",
    "run it on our model of this kernel; unless given, on the kernel it was found on, or as recorded",
  )
  .option("--tree <directory>", "run it on the mm/vmalloc.c of this kernel tree")
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
  .argument("[file]", "a history (.json) or a recording (.jsonl, .jsonl.gz); with --reproducer also a bug")
  .option(
    "--kernel <label>",
    "run it on our model of this kernel; unless given, on the kernel it was found on, or as recorded",
  )
  .option("--tree <directory>", "run it on the mm/vmalloc.c of this kernel tree")
  .option("--law <id>", "this law, not the first that is violated")
  .option(
    "--reproducer [kind]",
    "write C that makes the same calls in a real kernel: kunit (unless given, for a history) or module",
  )
  .option("--grain <grain>", "with --reproducer, of a bug that has both: call or step")
  .option(
    "--out <file>",
    "with --reproducer: write to this file, which must not exist yet; unless given, to a new one here",
  )
  .option(...TRACE_OPTION)
  .option(...AS_OPTION)
  .option(...UNUSED_SEED_OPTION)
  .option(...JSON_OPTION)
  .action(
    run<string | undefined, PinOptions & TreeOption>(async () =>
      onTree<string | undefined, PinOptions & TreeOption>((await import("./verbs/pin.ts")).pinVerb),
    ),
  );

addReaders(program);

program
  .command("simulate")
  .description(
    "computes what laziness costs and saves: the table of db64fe02, and what follows from it (docs/cost.md)",
  )
  .argument(
    "[part...]",
    "what to compute beside the table: variants, sensitivity, directory, growth, aliases, gather; growth takes minutes",
  )
  .option(
    "--costs <file>",
    "what steps cost on another machine (JSON: its name as machine, and nanoseconds; a cost that it leaves out is as on the Opteron of 2008)",
  )
  .option("--cpus <number>", "the most CPUs of growth; 4096 unless given", wholeNumber("--cpus", 1, 4096))
  .option("--csv", "print one line for each figure", false)
  .option("--plot <file>", "draw the table, or the directory or growth where they are asked for, as SVG")
  .option(...SEED_OPTION, 1)
  .option(...JSON_OPTION)
  .action(run<string[], SimulateArguments>(async () => (await import("./verbs/simulate.ts")).simulateVerb));

addCampaign(program);

program
  .command("list")
  .description("lists kernels, laws, bugs, protocols and scopes, or describes one of them")
  .argument(
    "[name]",
    "a bug, a law, a protocol, a kernel or any version, such as C7, no-overlap, blocks-6.12, 6.5, gather-3.1 or 5.15.0-91-generic",
  )
  .option("--program <protocol>", "what a CPU does in a protocol, step by step, such as blocks-6.12")
  .option(...UNUSED_SEED_OPTION)
  .option(...JSON_OPTION)
  .action(run<string | undefined, ListOptions>(async () => (await import("./verbs/list.ts")).listVerb));

program
  .command("view")
  .description("shows matrix, histories, interleavings and bugs in a browser, served on this machine only")
  .argument("[file-or-bug]", "a history, an interleaving, a recording, a log, a bug, or tree:DIR")
  .option("--tree <directory>", "play the file or the bug on this kernel tree, too")
  .option("--out <file>", "write one HTML file that needs no server")
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
  if (error.code === "EPIPE") process.exit(UNREAD);
  complain(`standard output: ${oneLine(error.message)}`);
  process.exit(BAD_INPUT);
});
process.stderr.on("error", () => {});

try {
  await program.parseAsync();
} catch (error) {
  report(error);
}
