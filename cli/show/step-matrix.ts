/** The matrix at the step grain: laws down, releases across, and below it each break with the line that replays it. */
import { pc } from "../colour.ts";
import { columns } from "../output.ts";
import type { StepBreak, StepCell, StepColumn } from "../step-columns.ts";
import { shortName } from "../versions.ts";

const DEFAULT_WIDTH = 100;
const LAW_WIDTH = 30;
const COLUMN_WIDTH = 12;

/** Empty where no protocol describes any of them. */
export function stepMatrix(all: readonly StepColumn[]): string {
  const laws = [...new Set(all.flatMap(({ cells }) => cells.map(({ law }) => law)))];
  if (laws.length === 0) return "";
  const width = process.stdout.columns ?? DEFAULT_WIDTH;
  const perBlock = Math.max(3, Math.floor((width - LAW_WIDTH) / COLUMN_WIDTH));
  const blocks: string[] = [];
  for (let from = 0; from < all.length; from += perBlock)
    blocks.push(block(laws, all.slice(from, from + perBlock)));
  return blocks.join("\n\n");
}

function block(laws: readonly string[], shown: readonly StepColumn[]): string {
  const head = ["", ...shown.map(({ name }) => pc.bold(name))];
  const rows = laws
    .filter((law) => shown.some(({ cells }) => cells.some((each) => each.law === law)))
    .map((law) => [law, ...shown.map(({ cells }) => cellText(cells.find((each) => each.law === law)))]);
  return columns([head, ...rows]);
}

function cellText(cell: StepCell | undefined): string {
  if (cell === undefined) return pc.dim("-");
  if (cell.verdict === "kept") return pc.green("ok");
  if (cell.verdict === "open") return pc.dim("?");
  return pc.yellow([...new Set(cell.breaks.map((each) => `${nameOf(each)} in ${each.steps}`))].join(", "));
}

/** The number of its bug, or `*` if that has none, or `?` if the catalogue knows none. */
const nameOf = ({ bug }: StepBreak) => (bug === null ? "?" : shortName(bug) === bug ? "*" : shortName(bug));

export const STEP_LEGEND =
  "C13 in 17: broken by bug C13 in 17 steps   ok: kept in every interleaving of the usual scope\n" +
  "?: not broken as far as it was visited   -: no protocol of that release asks it   *: a bug without a number";

/** A row for each bug and law: where, in how many steps, and the line that replays it. */
export function stepBreaks(all: readonly StepColumn[]): string[][] {
  const rows = new Map<string, { law: string; found: StepBreak; names: string[] }>();
  for (const { name, cells } of all) {
    for (const { law, breaks } of cells) {
      for (const found of breaks) {
        const row = rows.get(`${found.bug} ${law}`) ?? { law, found, names: [] };
        row.names.push(name);
        rows.set(`${found.bug} ${law}`, row);
      }
    }
  }
  return [...rows.values()].map(({ law, found, names }) => [
    nameOf(found),
    found.bug ?? "unknown",
    law,
    found.loop === null ? `in ${found.steps}` : `in ${found.steps}, then ${found.loop} for ever`,
    names.length > 2 ? `${names.length} releases` : names.join(", "),
    pc.dim(found.replay ?? ""),
  ]);
}
