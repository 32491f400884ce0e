/** `pin`: shrinks a history that breaks a law, names it, and files it under counterexamples/. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { formatHistory, type HistoryFile, readHistory } from "../../adapters/vmap/history-file.ts";
import { bugCalled } from "../../counterexamples/vmap/index.ts";
import { lastPlayed } from "../../engine/run/stepper.ts";
import { namesOf } from "../../jobs/hunt-target.ts";
import { kernelNamed, lawNamed, refuseUnmodelled, replayLine } from "../../jobs/names.ts";
import { alreadyText, filingOf } from "../../jobs/pin-files.ts";
import { isRecording, refuseTrace } from "../../jobs/recorded.ts";
import { historyOfTrace } from "../../jobs/trace-history.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import type { State } from "../../kernels/vmap/state.ts";
import { bringDown } from "../../properties/vmap/hunt.ts";
import { settingFor } from "../../properties/vmap/test-bench.ts";
import type { LawId } from "../../spec/contract.ts";
import { heldTo, type Kernel } from "../../spec/vmap/kernel.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, UNEXPECTED } from "../exit.ts";
import { commandLine, print } from "../output.ts";
import { pinRecording } from "./pin-recording.ts";

export interface PinOptions {
  readonly kernel?: string;
  readonly law?: string;
  readonly trace?: number;
  /** Of a recording: the label whose promises are asked. */
  readonly as?: string;
  readonly json: boolean;
}

export async function pinVerb(file: string, options: PinOptions): Promise<number> {
  const { kernel: label, trace } = options;
  refuseTrace(file, trace);
  if (isRecording(file) && label === undefined) return pinRecording(file, options);
  if (options.as !== undefined)
    throw new UsageError("--as is for the replies of a recording; --kernel runs our model");
  const only = options.law === undefined ? undefined : lawNamed(options.law);
  const history =
    isRecording(file) && label !== undefined
      ? await historyOfTrace(file, kernelNamed(label).name, { trace, law: only })
      : await readHistory(file);
  const meant = only ?? history.law;
  const named = kernelNamed(label ?? history.kernel);
  const kernel = meant === undefined ? named : heldTo(named, meant);
  refuseUnmodelled(file, history, kernel);
  const found = firstBreak(kernel, history, only);
  if (found === undefined) {
    console.error(
      `vmapcheck: ${file}: ${kernel.name} keeps ${options.law ?? "every law it promises"} in this history: there is nothing to pin`,
    );
    return UNEXPECTED;
  }
  const { law, known } = found;
  const commands = bringDown(
    {
      kernel,
      law,
      meant: (step) => namesOf(kernel, step).some((each) => each.law === law && each.known === known),
    },
    history.scope,
    history.commands,
  );
  const bug = known === undefined ? undefined : bugCalled(known);
  const shrunk = { kernel, law, bug, history: { ...history, kernel: kernel.name, law, commands } };
  const filing = await filingOf(shrunk);
  const { already, path, replaces, needs } = filing;
  if (already === undefined) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, formatHistory(shrunk.history), { flag: replaces === undefined ? "wx" : "w" });
  }
  if (options.json) {
    const found = { history: path, kernel: kernel.name, law, bug: known ?? null };
    const lengths = { commands: already?.commands ?? commands.length, shrunk: commands.length };
    const filed = { filed: already === undefined, needs, rerun: isRecording(file) };
    console.log(JSON.stringify({ ...found, ...lengths, ...filed }));
    return AS_EXPECTED;
  }
  if (isRecording(file))
    print(
      `The commands of ${file} were run anew on our model of ${kernel.name}: what was recorded is not judged.`,
    );
  print(
    `${pc.bold(law)} on ${kernel.name}, in ${commands.length} commands (from ${history.commands.length})`,
  );
  print(known === undefined ? "not known to the catalogue" : `known as ${known}`);
  if (already !== undefined) print(alreadyText(already));
  else if (replaces === undefined) print(`pinned:  ${path}`);
  else print(`pinned:  ${path}, in place of the one of ${replaces.commands} commands`);
  if (needs.length > 0) print(["npm test asks for more:", ...needs.map((each) => `  ${each}`)].join("\n"));
  print(commandLine("replay", replayLine(path)));
  return AS_EXPECTED;
}

/** The first law of those asked for that the history breaks on this kernel, and the bug that accounts for it. */
function firstBreak(
  kernel: Kernel<State>,
  { scope, commands }: HistoryFile,
  law: LawId | undefined,
): { readonly law: LawId; readonly known: string | undefined } | undefined {
  const last = lastPlayed(settingFor(kernel, scope), commands, law);
  return last && namesOf(kernel, last).find((each) => law === undefined || each.law === law);
}
