/** `hunt`: finds catalogue bugs again, and prints the length and the effort of each. */
import { type HuntedBug, type HuntReport, hunt, type HuntOptions as Options } from "../../jobs/hunt.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, INTERRUPTED, UNEXPECTED } from "../exit.ts";
import { columns, type JsonOption, print, watched } from "../output.ts";
import { counted } from "../show/text.ts";

export type HuntOptions = Options & JsonOption;

export async function huntVerb(names: readonly string[], options: HuntOptions): Promise<number> {
  const report = await watched((watch) => hunt({ ...options, bugs: names, ...watch }));
  const { bugs, seed, untried, stop } = report;
  if (options.json)
    console.log(JSON.stringify({ seed, complete: stop === false, untried, bugs: bugs.map(asJson) }));
  else print(huntedText(report));
  if (stop === true) return INTERRUPTED;
  const missed = stop === "time" || bugs.some(({ laws }) => laws.some(({ found }) => !found));
  return missed ? UNEXPECTED : AS_EXPECTED;
}

/** One entry for each bug: by the first law that was found, with all its laws beside it. */
function asJson({ bug, engine, laws }: HuntedBug) {
  const first = laws.find(({ found }) => found) ?? laws[0];
  return {
    id: bug.id,
    number: bug.number ?? null,
    engine,
    found: laws.every(({ found }) => found),
    law: first?.law,
    commands: first?.commands,
    ...(engine === "explore" ? { states: first?.states } : {}),
    seconds: laws.reduce((sum, { seconds }) => sum + seconds, 0),
    laws,
  };
}

function huntedText({ bugs, seed, untried, stop }: HuntReport): string {
  const all = bugs.flatMap(({ bug, laws }) => laws.map((each) => ({ bug, ...each })));
  const found = all.filter((each) => each.found).length;
  const seconds = all.reduce((sum, each) => sum + each.seconds, 0);
  const facts = [
    counted(bugs.length, "bug"),
    `${counted(all.length, "law")} that they violate`,
    `${found} found`,
    `${all.length - found} not found`,
    ...(untried === 0 ? [] : [`${untried} not tried`]),
    ...(bugs.some(({ engine }) => engine === "random") ? [`seed ${seed}`] : []),
    `${seconds.toFixed(1)} s`,
  ];
  const ended = stop === true ? "Interrupted" : stop === "time" ? "Ended by --seconds" : undefined;
  const word = ended ?? (found === all.length ? "All found" : "Not all found");
  const colour = found < all.length ? pc.red : ended === undefined ? pc.green : pc.yellow;
  const rows = all.map(({ bug, law, commands, loop, runs, states, seconds }) => [
    bug.number ?? "*",
    bug.id,
    law,
    commands === null
      ? pc.red("not found")
      : `in ${commands}${loop == null ? "" : `, then ${loop.length} for ever`}`,
    runs === undefined ? `${states} states` : `${runs} histories`,
    `${seconds.toFixed(2)} s`,
  ]);
  return `${colour(word)}: ${facts.join(", ")}${rows.length > 0 ? `\n\n${columns(rows)}` : ""}`;
}
