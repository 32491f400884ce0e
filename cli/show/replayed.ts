/** A history or a recorded trace that was judged step by step: as text. */
import type { Violation } from "../../counterexamples/attribution.ts";
import type { Shortfall } from "../../jobs/check/shortfalls.ts";
import { knownText } from "../../jobs/hunt-target.ts";
import { withNumber } from "../../jobs/wings.ts";
import type { LawId } from "../../spec/contract.ts";
import type { Bug, Wing } from "../../spec/wing.ts";
import { pc } from "../colour.ts";
import { commandLine } from "../output.ts";
import { type Drawing, type GotBy, type Shown, stepLine } from "./drawing.ts";
import { drawingOf } from "./drawings.ts";
import { counted } from "./text.ts";

export interface Replayed {
  readonly wing: Wing;
  /** Lines on the subject: the kernel, or the promises that judged it. */
  readonly about: readonly string[];
  /** The bug whose pinned history it is. */
  readonly bug: Bug | undefined;
  /** Steps of the whole history. */
  readonly of: number;
  /** The shown steps; the last of them is the violating one, if there is one. */
  readonly shown: ShownSteps;
  /** The laws violated by the last step, with the law that counts first. */
  readonly violations: readonly Violation[];
  /** Shortfalls from other laws, which it does not promise. */
  readonly shortfalls: readonly Shortfall[];
  /** The subject that answered: a kernel, or a recorded allocator. */
  readonly subject: string;
  /** Where it stops, or does not return, in the last step shown: why. */
  readonly stopped: string | undefined;
  /** Whether it is no kernel, so that the catalogue has no bug of it. */
  readonly isForeign?: true;
  /** The only law to judge by, if one was requested. */
  readonly asked: LawId | undefined;
  /** The line that replays it. */
  readonly replay: string;
}

/** The steps that are shown of a history. */
export interface ShownSteps {
  /** May be iterated several times; long histories are played again each time. */
  readonly steps: Iterable<Shown>;
  /** Indices of the first and the last of them. */
  readonly first: number;
  readonly last: number;
  /** The areas got by the steps before those. */
  readonly got: GotBy;
}

/** A history of at most this many steps is shown whole. */
const SHORT = 40;
/** Of a longer one, this many steps at its end are shown. */
const LAST = 20;

/** The steps to show of a history that ends with step `last`, an index. `play` plays it; few steps are kept. */
export function stepsShown(
  drawing: Drawing,
  play: () => Iterable<Shown>,
  last: number,
  all: boolean,
): ShownSteps {
  const upTo = function* () {
    for (const now of play()) {
      yield now;
      if (now.index === last) return;
    }
  };
  const first = all || last < SHORT ? 0 : last + 1 - LAST;
  if (last >= SHORT && all) return { steps: { [Symbol.iterator]: upTo }, first, last, got: new Map() };
  const got: GotBy = new Map();
  const steps: Shown[] = [];
  for (const now of upTo()) {
    if (now.index < first) drawing.noteGot(got, now);
    else steps.push(now);
  }
  return { steps, first, last, got };
}

export const saysOf = ({ laws }: Wing, law: LawId): string => laws.find(({ id }) => id === law)?.says ?? "";

type Accepted = Pick<Replayed, "subject" | "asked" | "stopped" | "shown" | "of">;

/** What is said where nothing is violated; a kernel that stops is not accepted for what was never run. */
export function acceptedText({ subject, asked, stopped, shown, of }: Accepted): string {
  if (stopped !== undefined) {
    const left = of - shown.last - 1;
    const rest = left === 0 ? "" : `; ${counted(left, "step")} not run`;
    const kept = asked === undefined ? ", and promises no better there" : `, and ${asked} is kept until then`;
    return `${subject} stops in step ${shown.last + 1} of ${of} (${stopped})${kept}${rest}`;
  }
  return `accepted: ${subject} keeps ${asked ?? "every law it promises"} in this history`;
}

export function replayedText(replayed: Replayed): string {
  const { wing, about, bug, of, shown, violations, shortfalls, subject, replay } = replayed;
  const { steps, first, last, got } = shown;
  const [meant] = violations;
  const violation = meant && { law: meant.law, index: last };
  const drawing = drawingOf(wing);
  const texts = Array.from(
    drawing.maps(steps, { got: new Map(got), violation }),
    ({ now, map }) => `${[stepLine(drawing, now, of), ...map].join("\n")}\n`,
  );
  return [
    `${verdictLine(replayed)}\n`,
    ...(bug === undefined ? [] : [`${pc.bold(withNumber(bug))}\n${bug.says}\n${pc.dim(bug.source)}\n`]),
    `${about.join("\n")}\n`,
    ...(first === 0 ? [] : [`steps 1 to ${first} are not shown (--all shows them)\n`]),
    ...texts,
    ...(violations.length === 0 ? [] : lawLines(replayed)),
    ...shortfalls.map((each) => shortfallText(subject, each)),
    ...(violations.length === 0 ? [] : [commandLine("replay", replay)]),
  ].join("\n");
}

/** The verdict, in one line. */
function verdictLine(replayed: Replayed): string {
  const { violations, subject, shown, of, shortfalls } = replayed;
  const [meant] = violations;
  if (meant === undefined) {
    const accepted = (replayed.stopped === undefined ? pc.green : pc.yellow)(acceptedText(replayed));
    const short = shortfalls.map(({ law }) => law.id).join(" and ");
    return short === "" ? accepted : `${accepted}, ${pc.yellow(`but falls short of ${short}`)}`;
  }
  const verdict = meant.promised
    ? pc.red(`${subject} violates ${meant.law}`)
    : pc.yellow(`${subject} falls short of ${meant.law}`);
  const where = `${verdict} in step ${shown.last + 1} of ${of}`;
  if (replayed.isForeign) return where;
  const { alike, bug } = meant;
  if (alike !== undefined) return `${where}, ${alikeText(alike)}`;
  return `${where}: ${bug === undefined ? "no bug of the catalogue accounts for it" : withNumber(bug)}`;
}

/** Of compiled code: its release has no such bug. */
export const alikeText = (alike: Bug): string => `unexpected: as by the history of ${withNumber(alike)}`;

/** The law in words, and the bug. */
function lawLines({ wing, violations, subject, bug: pinned, isForeign }: Replayed): string[] {
  const [meant, ...others] = violations as [Violation, ...Violation[]];
  const { law, promised, bug, alike, listed } = meant;
  const known = alike === undefined ? knownText(wing, { known: bug?.id, listed }) : alikeText(alike);
  const lines = [`${(promised ? pc.red : pc.yellow)(pc.bold(law))}   ${saysOf(wing, law)}`];
  if (!promised) lines.push(`${subject} does not promise this, and falls short of it`);
  if (isForeign !== true) lines.push(bug === undefined || !listed ? known : `${known}, fixed: ${bug.fixed}`);
  lines.push(
    ...(bug === undefined || bug === pinned ? [] : [pc.dim(bug.source)]),
    ...others.map((each) => {
      const how = each.bug !== undefined && !each.listed ? "follows from it" : "violated by the same step";
      return `${how}: ${each.law}   ${pc.dim(saysOf(wing, each.law))}`;
    }),
  );
  return lines;
}

function shortfallText(subject: string, { law: { id, says }, bug, step }: Shortfall): string {
  const head = pc.yellow(`${subject} falls short of ${pc.bold(id)}`);
  return `${head}, which it does not promise, at step ${step}: ${says}\n  by ${withNumber(bug)}, fixed: ${bug.fixed}`;
}

/** Areas, maps and translations in the pictures of a document; beyond that, only the last step has one. */
const MOST_DRAWN = 200_000;

/** Every step, counted from 1 as in text. `written`: the command as the file has it. */
export function stepsJson(
  drawing: Drawing,
  { steps, last, got: before }: ShownSteps,
  written: (now: Shown) => unknown,
) {
  const got: GotBy = new Map(before);
  let drawn = 0;
  return Array.from(steps, (now) => {
    drawing.noteGot(got, now);
    const isDrawn = drawn < MOST_DRAWN || now.index === last;
    const picture = isDrawn ? drawing.picture(now.after ?? now.before, got) : null;
    for (const list of Object.values(picture ?? {})) drawn += list.length;
    return {
      step: now.index + 1,
      command: written(now),
      response: now.response ?? null,
      laws: now.violated.map(({ id }): LawId => id),
      picture,
    };
  });
}
