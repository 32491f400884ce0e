/** `pin`: shrinks a history that violates a law, names it, and files it unless it is pinned. */
import { replayLine } from "../../jobs/names.ts";
import { alreadyText } from "../../jobs/pin/files.ts";
import {
  type ReproduceOptions as Options,
  type PinReport,
  pin,
  violationToReproduce,
} from "../../jobs/pin/pin.ts";
import { REPRODUCER_KINDS, type ReproducerKind, reproducerOf } from "../../jobs/reproducer/reproducer.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import { bugMeant, withNumber } from "../../jobs/wings.ts";
import type { Bug } from "../../spec/wing.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, UNEXPECTED } from "../exit.ts";
import { writeNew } from "../files.ts";
import { commandLine, complain, type JsonOption, print } from "../output.ts";
import { drawingOf } from "../show/drawings.ts";
import { mailText } from "../show/mail.ts";
import { stepsShown } from "../show/replayed.ts";
import { mailOfRun } from "../show/run.ts";
import { counted } from "../show/text.ts";
import { historyReplayed, wordsOf } from "./replay.ts";

export interface PinOptions extends Options, JsonOption {
  readonly kernel?: string;
  /** C for the real kernel in place of a pinned history: `kunit`, `module`, or whichever fits. */
  readonly reproducer?: string | true;
  readonly out?: string;
}

export async function pinVerb(given: string | undefined, asked: PinOptions): Promise<number> {
  const { file, ...options } = inEitherOrder(given, asked);
  if (options.reproducer !== undefined) return writeReproducer(file, options);
  for (const option of ["out", "grain"] as const)
    if (options[option] !== undefined) throw new UsageError(`--${option} is for --reproducer`);
  const found = await pin(file, options);
  if ("keeps" in found) {
    complain(`${file}: ${found.keeps}: there is nothing to pin`);
    return UNEXPECTED;
  }
  if (options.json) console.log(JSON.stringify(asJson(found)));
  else {
    const known = found.bug === undefined ? undefined : (await bugMeant(found.bug))?.bug;
    for (const line of linesOf(file, found, known)) print(line);
  }
  return AS_EXPECTED;
}

/** `--reproducer FILE` means `FILE --reproducer`: what is no kind is the file, if no other is given. */
function inEitherOrder(
  file: string | undefined,
  options: PinOptions,
): PinOptions & { readonly file: string } {
  const { reproducer } = options;
  if (file !== undefined) return { ...options, file };
  if (typeof reproducer === "string" && !REPRODUCER_KINDS.some((kind) => kind === reproducer))
    return { ...options, file: reproducer, reproducer: true };
  throw new UsageError("pin takes a file, or with --reproducer also a bug: none is given");
}

async function writeReproducer(target: string, options: PinOptions): Promise<number> {
  const kind = kindOf(options.reproducer);
  const found = await violationToReproduce(target, options);
  if ("keeps" in found) {
    complain(`${target}: ${found.keeps}: there is nothing to reproduce`);
    return UNEXPECTED;
  }
  const words = replayLine(
    wordsOf(target, found.kind === "run" ? { ...options, grain: undefined } : options),
  );
  const about =
    found.kind === "run"
      ? mailOfRun(found, words)
      : mailText(
          historyReplayed(
            target,
            found,
            options,
            stepsShown(drawingOf(found.wing), () => found.play(false), found.last, true),
          ),
        );
  const { name, text, lacks, kind: written } = reproducerOf(found, about.trimEnd().split("\n"), kind);
  const file = options.out ?? `${name}.c`;
  await writeNew("--out", file, text);
  const law = found.violations[0]?.law;
  if (options.json) console.log(JSON.stringify({ file, kind: written, law, lacks }));
  else {
    print(`written:  ${file}, a ${written === "kunit" ? "KUnit test" : "module"} for ${law}`);
    if (lacks.length > 0) print(`what it cannot force: ${lacks.join("; ")}`);
  }
  return AS_EXPECTED;
}

function kindOf(asked: string | true | undefined): ReproducerKind | undefined {
  if (asked === true || asked === undefined) return undefined;
  const kind = REPRODUCER_KINDS.find((each) => each === asked);
  if (kind !== undefined) return kind;
  throw new UsageError(`--reproducer takes ${REPRODUCER_KINDS.join(" or ")}, not ${JSON.stringify(asked)}`);
}

function asJson({ path, subject, law, bug, already, shrunk, needs, rerun, cut }: PinReport) {
  const known = { history: path, kernel: subject, law, bug: bug ?? null };
  const lengths = { commands: already?.commands ?? shrunk, shrunk, filed: already === undefined };
  return { ...known, ...lengths, ...(cut === undefined ? { needs } : cut), rerun };
}

function linesOf(file: string, found: PinReport, known: Bug | undefined): string[] {
  const { path, subject, law, shrunk, from, already, replaces, needs, rerun, cut } = found;
  const name = pc.bold(law);
  const inPlace = replaces === undefined ? "" : `, in place of the one of ${replaces.commands} commands`;
  return [
    ...(rerun
      ? [`The commands of ${file} were run anew on our model of ${subject}: what was recorded is not judged.`]
      : []),
    cut === undefined
      ? `${name} on ${subject}, in ${counted(shrunk, "command")} (from ${from})`
      : `${name} as recorded of ${subject}, cut to ${counted(shrunk, "step")} (from ${from})${cut.minimal ? "" : ", perhaps not to the fewest"}`,
    known === undefined ? "not known to the catalogue" : `known as ${withNumber(known)}`,
    ...(cut === undefined
      ? []
      : [
          `The replies are those of ${file}:${cut.trace}; the steps that are left were not run again: whether they do the same by themselves, only their allocator can say.`,
        ]),
    already === undefined ? `pinned:  ${path}${inPlace}` : alreadyText(already),
    ...(needs.length > 0
      ? [["npm test asks for more:", ...needs.map((each) => `  ${each}`)].join("\n")]
      : []),
    commandLine("replay", replayLine(path)),
  ];
}
