/** A replay as a mail: plain ASCII in lines of 72 letters, with bug, commits and source. */
import { stripVTControlCharacters } from "node:util";
import { withNumber } from "../../jobs/wings.ts";
import { drawingOf } from "./drawings.ts";
import { alikeText, type Replayed, saysOf } from "./replayed.ts";
import { filled } from "./text.ts";

const WIDTH = 72;
/** Columns of the names in front of paragraphs. */
const NAMES = 9;

/** The paragraphs on a bug of either grain. */
export interface MailedBug {
  readonly id: string;
  readonly number: string | undefined;
  readonly says: string;
  readonly source: string;
  readonly fixed: string;
}

/** ASCII, without colour: letters that it lacks by those it has, or by a question mark. */
export function plain(text: string): string {
  const ascii = stripVTControlCharacters(text)
    .replaceAll(/[\u2018\u2019]/g, "'")
    .replaceAll(/[\u201c\u201d]/g, '"')
    .replaceAll(/[\u2010-\u2015]/g, "-")
    .replaceAll("\u2026", "...")
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "");
  return ascii.replaceAll(/[^\x20-\x7e\n]/gu, "?");
}

/** A paragraph, folded. */
export function paragraph(text: string, indent = 0): string[] {
  return filled(plain(text), indent, WIDTH);
}

/** `Bug:     text`, folded under the text. */
export function named(name: string, text: string): string[] {
  const [first = "", ...rest] = paragraph(text, NAMES);
  return [`${`${name}:`.padEnd(NAMES)}${first.trimStart()}`, ...rest];
}

/** `12. text`, folded under the text. */
export function item(number: number, text: string): string[] {
  const mark = `${String(number).padStart(3)}. `;
  const [first = "", ...rest] = paragraph(text, mark.length);
  return [`${mark}${first.trimStart()}`, ...rest];
}

/** Commits that a text cites, as written there. */
function commitsIn(text: string): readonly string[] {
  const words = text.match(/\b[0-9a-f]{8,40}\b/g) ?? [];
  return [...new Set(words.filter((word) => /[0-9]/.test(word)))];
}

/** The bug that explains it, if the catalogue has one. */
export function bugLines(bug: MailedBug | undefined): string[] {
  if (bug === undefined) return named("Bug", "not known to the catalogue");
  const { says, source, fixed } = bug;
  const commits = commitsIn([fixed, source, says].join(" "));
  return [
    ...named("Bug", `${withNumber(bug)}. ${says}`),
    ...named("Fixed", fixed),
    ...(commits.length === 0 ? [] : named("Commits", commits.join(", "))),
    ...named("Source", source),
  ];
}

/** A command line, folded as a shell reads it. */
export function commandLines(name: string, words: string): string[] {
  const lines = filled(plain(words), NAMES, WIDTH - 2);
  return lines.map((line, nth) => {
    const text = nth === 0 ? `${`${name}:`.padEnd(NAMES)}${line.trimStart()}` : line;
    return nth < lines.length - 1 ? `${text} \\` : text;
  });
}

/** A history of calls or a recorded trace: every step, and the address space after the last. */
export function mailText(replayed: Replayed): string {
  const { wing, about, bug: pinned, shown, violations, shortfalls, subject, asked, replay } = replayed;
  const drawing = drawingOf(wing);
  const [meant, ...others] = violations;
  const { first, last, got } = shown;
  const left = first === 0 ? [] : paragraph(`(Steps 1 to ${first} are left out.)`);
  const steps: string[] = [];
  let map: readonly string[] = [];
  for (const { now, map: after } of drawing.maps(shown.steps, {
    got: new Map(got),
    width: WIDTH,
    violation: meant && { law: meant.law, index: last },
  })) {
    const { index, command, response } = now;
    const text =
      command === undefined || response === undefined
        ? "does nothing: what it names is not there"
        : `${drawing.command(command)} -> ${drawing.response(response)}`;
    for (const line of item(index + 1, text)) steps.push(line);
    map = after;
  }
  const head =
    meant === undefined
      ? paragraph(`${subject} keeps ${asked ?? "every law it promises"} in this history.`)
      : [
          ...paragraph(`${meant.law}: ${saysOf(wing, meant.law)}`),
          "",
          ...paragraph(
            `${subject} violates this in ${last + 1} steps${meant.promised ? "" : ", and does not promise it"}.`,
          ),
        ];
  const alike = meant?.alike;
  const bug = meant?.bug ?? pinned;
  return [
    ...head,
    ...others.flatMap((each) => paragraph(`The same step violates ${each.law}: ${saysOf(wing, each.law)}`)),
    ...shortfalls.flatMap(({ law: { id, says }, bug, step }) =>
      paragraph(
        `It falls short of ${id}, which it does not promise, at step ${step}: ${says} By ${withNumber(bug)}.`,
      ),
    ),
    "",
    ...(meant === undefined && bug === undefined
      ? []
      : [...(alike === undefined ? bugLines(bug) : named("Bug", alikeText(alike))), ""]),
    ...about.flatMap((line) => paragraph(line)),
    "",
    ...left,
    ...steps,
    "",
    ...(map.length === 0 ? [] : [`After step ${last + 1}:`, ...map.map(plain), ""]),
    ...paragraph(drawing.legend),
    "",
    ...commandLines("Replay", replay),
  ].join("\n");
}
