/** `pin`: shrinks a history that breaks a law, names it, and files it under counterexamples/. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatHistory, type HistoryFile, readHistory } from "../../adapters/history-file.ts";
import { replay } from "../../engine/stepper.ts";
import type { State } from "../../kernels/state.ts";
import { bringDown } from "../../properties/hunt.ts";
import { settingFor } from "../../properties/setting.ts";
import type { LawId } from "../../spec/contract.ts";
import { heldTo, type Kernel } from "../../spec/kernel.ts";
import { namesOf } from "../bug-quarry.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, UNEXPECTED } from "../exit.ts";
import { kernelNamed, lawNamed, refuseUnmodelled, replayLine } from "../names.ts";
import { commandLine, print } from "../output.ts";
import { historyOfTrace, isRecording, refuseTrace } from "../trace-history.ts";

export interface PinOptions {
  readonly kernel?: string;
  readonly law?: string;
  readonly trace?: number;
  readonly json: boolean;
}

export async function pinVerb(file: string, options: PinOptions): Promise<number> {
  refuseTrace(file, options.trace);
  const only = options.law === undefined ? undefined : lawNamed(options.law);
  const history = isRecording(file)
    ? await historyOfTrace(file, options.trace, only)
    : await readHistory(file);
  const kernel = heldTo(kernelNamed(options.kernel ?? history.kernel), only ?? history.law);
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
  const folder = join("counterexamples", known ?? `unknown-${law}-${kernel.name}`);
  const path = await fileAs(folder, law, { ...history, kernel: kernel.name, law, commands });
  if (options.json) {
    console.log(
      JSON.stringify({
        history: path,
        kernel: kernel.name,
        law,
        bug: known ?? null,
        commands: commands.length,
      }),
    );
    return AS_EXPECTED;
  }
  print(
    `${pc.bold(law)} on ${kernel.name}, in ${commands.length} commands (from ${history.commands.length})`,
  );
  print(known === undefined ? "not known to the catalogue" : `known as ${known}`);
  print(`pinned:  ${path}\n${commandLine("replay", replayLine(path))}`);
  return AS_EXPECTED;
}

/** The first law of those asked for that the history breaks on this kernel, and the bug that accounts for it. */
function firstBreak(
  kernel: Kernel<State>,
  { scope, commands }: HistoryFile,
  law: LawId | undefined,
): { readonly law: LawId; readonly known: string | undefined } | undefined {
  const last = replay(settingFor(kernel, scope), commands, law).at(-1);
  return last && namesOf(kernel, last).find((each) => law === undefined || each.law === law);
}

/** Writes under the first name that is free, and never over a history that is pinned already. */
async function fileAs(folder: string, law: LawId, history: HistoryFile): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (let number = 1; ; number++) {
    const path = join(folder, number === 1 ? `${law}.json` : `${law}.${number}.json`);
    try {
      await writeFile(path, formatHistory(history), { flag: "wx" });
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
