/** The matrix at the step grain: laws down, releases across, and a list of its violations. */

import type { StepCell, StepColumn, StepViolation } from "../../jobs/check/step-columns.ts";
import { shortName } from "../../jobs/versions.ts";
import { pc } from "../colour.ts";
import { inBlocks, starLines } from "./matrix.ts";

/** Empty where no protocol describes any of them. */
export const stepMatrix = (all: readonly StepColumn[]): string =>
  inBlocks(
    all
      .filter(({ cells }) => cells.length > 0)
      .map(({ name, cells }) => ({ name, texts: new Map(cells.map((cell) => [cell.law, cellText(cell)])) })),
  );

function cellText(cell: StepCell): string {
  if (cell.verdict === "kept") return pc.green("ok");
  if (cell.verdict === "open") return pc.dim("open");
  return pc.yellow([...new Set(cell.breaks.map((each) => `${nameOf(each)} in ${each.steps}`))].join(", "));
}

/** The number of its bug, or `*` if that has none, or `?` if the catalogue knows none. */
const nameOf = ({ bug }: StepViolation) =>
  bug === null ? "?" : shortName(bug) === bug ? "*" : shortName(bug);

/** The legend of the cells that occur. */
export function stepLegend(all: readonly StepColumn[]): string {
  const cells = all.flatMap((each) => each.cells);
  const has = (wanted: (cell: StepCell) => boolean, text: string) => (cells.some(wanted) ? [text] : []);
  const laws = new Set(cells.map(({ law }) => law));
  const shown = all.filter((each) => each.cells.length > 0);
  return [
    ...has(({ verdict }) => verdict === "kept", "ok: kept in every interleaving of the usual scope"),
    ...has(({ verdict }) => verdict === "broken", "C13 in 17: bug C13 violates it in 17 steps"),
    ...has(({ verdict }) => verdict === "open", "open: not violated as far as it was visited"),
    ...has(
      ({ breaks }) => breaks.some(({ bug }) => bug === null),
      "?: no bug of the catalogue accounts for it",
    ),
    ...starLines(
      cells.flatMap(({ breaks }) =>
        breaks.flatMap((found) =>
          found.bug !== null && nameOf(found) === "*" ? [{ law: found.law, bug: found.bug }] : [],
        ),
      ),
    ),
    ...(cells.length < laws.size * shown.length ? ["-: no protocol of that release asks it"] : []),
  ].join("\n");
}

/** A row for each bug and law: where, and in how many steps. */
export function stepRows(all: readonly StepColumn[]): string[][] {
  const rows = new Map<string, { found: StepViolation; names: string[] }>();
  for (const { name, cells } of all) {
    for (const found of cells.flatMap(({ breaks }) => breaks)) {
      const key = `${found.bug} ${found.law}`;
      const row = rows.get(key) ?? { found, names: [] };
      row.names.push(name);
      rows.set(key, row);
    }
  }
  return [...rows.values()].map(({ found, names }) => [
    nameOf(found),
    found.bug ?? "unknown",
    found.law,
    found.loop === null ? `in ${found.steps}` : `in ${found.steps}, then ${found.loop} for ever`,
    names.length > 2 ? `${names[0]} and ${names.length - 1} more` : names.join(", "),
  ]);
}
