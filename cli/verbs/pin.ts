/** `pin`: shrinks a history that violates a law, names it, and files it unless it is pinned. */
import { replayLine } from "../../jobs/names.ts";
import { type PinOptions as Options, type PinReport, pin } from "../../jobs/pin.ts";
import { alreadyText } from "../../jobs/pin-files.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, UNEXPECTED } from "../exit.ts";
import { commandLine, complain, type JsonOption, print } from "../output.ts";
import { counted } from "../show/text.ts";

export type PinOptions = Options & JsonOption;

export async function pinVerb(file: string, options: PinOptions): Promise<number> {
  const found = await pin(file, options);
  if ("keeps" in found) {
    complain(`${file}: ${found.keeps}: there is nothing to pin`);
    return UNEXPECTED;
  }
  if (options.json) console.log(JSON.stringify(asJson(found)));
  else for (const line of linesOf(file, found)) print(line);
  return AS_EXPECTED;
}

function asJson({ path, subject, law, bug, already, shrunk, needs, rerun, cut }: PinReport) {
  const known = { history: path, kernel: subject, law, bug: bug ?? null };
  const lengths = { commands: already?.commands ?? shrunk, shrunk, filed: already === undefined };
  return { ...known, ...lengths, ...(cut === undefined ? { needs } : cut), rerun };
}

function linesOf(file: string, found: PinReport): string[] {
  const { path, subject, law, bug, shrunk, from, already, replaces, needs, rerun, cut } = found;
  const name = pc.bold(law);
  const inPlace = replaces === undefined ? "" : `, in place of the one of ${replaces.commands} commands`;
  return [
    ...(rerun
      ? [`The commands of ${file} were run anew on our model of ${subject}: what was recorded is not judged.`]
      : []),
    cut === undefined
      ? `${name} on ${subject}, in ${counted(shrunk, "command")} (from ${from})`
      : `${name} as recorded of ${subject}, cut to ${counted(shrunk, "step")} (from ${from})${cut.minimal ? "" : ", perhaps not to the fewest"}`,
    bug === undefined ? "not known to the catalogue" : `known as ${bug}`,
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
