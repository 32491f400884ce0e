/** `pin` of a recording: cuts it to the steps that the violation needs, and files those as a recording of their own. */

import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readRecording } from "../../adapters/vmap/recording.ts";
import { cutLine, cutTrace } from "../../jobs/cut-recording.ts";
import { lawNamed, replayLine } from "../../jobs/names.ts";
import { alreadyText, type Pinned, pinnedFor } from "../../jobs/pin-files.ts";
import { chooseTrace, namesIn } from "../../jobs/recorded.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, UNEXPECTED } from "../exit.ts";
import { commandLine, print } from "../output.ts";
import type { PinOptions } from "./pin.ts";

const FOLDER = join(".vmapcheck", "pinned");

export async function pinRecording(file: string, options: PinOptions): Promise<number> {
  const only = options.law === undefined ? undefined : lawNamed(options.law);
  const chosen = await chooseTrace(file, { ...options, law: only });
  if ("traces" in chosen || chosen.violating === undefined) {
    console.error(`vmapcheck: ${file}: ${only ?? "every law asked"} is kept: there is nothing to pin`);
    return UNEXPECTED;
  }
  const { trace, violating, judging } = chosen;
  const names = namesIn(judging, violating);
  const { law, bug } = names.find((each) => each.law === chosen.law) ?? (names[0] as (typeof names)[number]);
  const { steps, minimal } = cutTrace(chosen, law);
  const commands = steps.length;
  const own = join(FOLDER, `${fileName(trace.label)}.${law}.jsonl`);
  const pinned = [
    ...(bug === undefined ? [] : await pinnedFor(bug, law, judging.release as string)),
    ...(await cutIn(own)),
  ];
  const already = pinned.find((each) => each.commands <= commands);
  const path = already?.path ?? own;
  if (already === undefined) {
    await mkdir(FOLDER, { recursive: true });
    await writeFile(path, `${JSON.stringify(cutLine(trace, steps, law))}\n`);
  }
  const of = trace.exchanges.length;
  if (options.json) {
    const known = { history: path, kernel: trace.label, law, bug: bug?.id ?? null };
    const lengths = { commands: already?.commands ?? commands, shrunk: commands };
    const cut = { trace: trace.line, of, steps: steps.map((index) => index + 1), minimal, rerun: false };
    console.log(JSON.stringify({ ...known, ...lengths, filed: already === undefined, ...cut }));
    return AS_EXPECTED;
  }
  print(
    `${pc.bold(law)} as recorded of ${trace.label}, cut to ${commands} steps (from ${violating.index + 1})${minimal ? "" : ", perhaps not to the fewest"}`,
  );
  print(bug === undefined ? "not known to the catalogue" : `known as ${bug.id}`);
  print(
    `The replies are those of ${file}:${trace.line}; the steps that are left were not run again: whether they do the same by themselves, only their allocator can say.`,
  );
  if (already === undefined) print(`pinned:  ${path}`);
  else print(alreadyText(already));
  print(commandLine("replay", replayLine(path)));
  return AS_EXPECTED;
}

/** A name that an allocator gave itself, as part of a file's name. */
const fileName = (label: string): string => label.replaceAll(/[^\w-]+/g, "_");

/** What an earlier cut left there. */
async function cutIn(path: string): Promise<readonly Pinned[]> {
  if (!existsSync(path)) return [];
  const found: Pinned[] = [];
  for await (const { exchanges } of readRecording(path)) found.push({ path, commands: exchanges.length });
  return found;
}
