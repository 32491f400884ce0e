/** The matrix kernel x law: laws down, kernels across, in blocks that fit the terminal. */

import type { Cell, KernelReport } from "../../jobs/check/kernel.ts";
import type { VersionFacts } from "../../jobs/versions.ts";
import { bugOf } from "../../jobs/wings.ts";
import type { Wing } from "../../spec/wing.ts";
import { pc } from "../colour.ts";
import { columns, textWidth } from "../output.ts";
import { counted } from "./text.ts";

const LAW_WIDTH = 30;
const KERNEL_WIDTH = 9;

/** A column: its cell for each law. */
export interface Column {
  readonly name: string;
  readonly texts: ReadonlyMap<string, string>;
}

/** A column is headed by the version that was asked for, where one kernel stands for it. */
export const matrix = (reports: readonly KernelReport[], facts: readonly VersionFacts[] = []): string =>
  inBlocks(
    reports.map(({ wing, kernel, cells }) => ({
      name: facts.find(({ columns }) => columns.join() === kernel.name)?.asked ?? inWing(wing, kernel.name),
      texts: new Map(cells.map((cell) => [cell.law, cellText(wing, cell)])),
    })),
  );

/** A row for each law that has a cell in a column of the block. */
export function inBlocks(all: readonly Column[]): string {
  const perBlock = Math.max(3, Math.floor((textWidth() - LAW_WIDTH) / (KERNEL_WIDTH + 2)));
  const blocks: string[] = [];
  for (let from = 0; from < all.length; from += perBlock)
    blocks.push(block(all.slice(from, from + perBlock)));
  return blocks.join("\n\n");
}

function block(shown: readonly Column[]): string {
  const laws = [...new Set(shown.flatMap(({ texts }) => [...texts.keys()]))];
  const head = ["", ...shown.map(({ name }) => pc.bold(shortName(name)))];
  return columns([
    head,
    ...laws.map((law) => [law, ...shown.map(({ texts }) => texts.get(law) ?? pc.dim("-"))]),
  ]);
}

/** A label without the name of its wing, which heads the table. */
const inWing = ({ name }: Wing, label: string) =>
  label.startsWith(`${name}-`) ? label.slice(name.length + 1) : label;

const shortName = (label: string) => label.replace("piggin-", "").replace("-ubuntu", "u");

/**
 * `ok`; the bug's number with the commands it takes; or, where the law is not promised, `-`, or the number of the bug by
 * which the kernel falls short of it.
 */
function cellText(wing: Wing, { verdict, tried, bug, alike, commands }: Cell): string {
  if (verdict === "not-tried") return pc.dim("not tried");
  if (verdict === "kept") return tried === "random" ? pc.green("ok") : "visited";
  if (verdict === "not-promised") return pc.dim(bug === null ? "-" : `(${nameOf(wing, bug)})`);
  if (bug === null) return pc.red(`${likeText(wing, alike)}${commands === null ? "" : ` in ${commands}`}`);
  return pc.yellow(`${nameOf(wing, bug)} in ${commands}`);
}

/** The number of the only bug of another kernel that a violation is like, with a question mark. */
function likeText(wing: Wing, [like, ...more]: readonly string[]): string {
  const number = like === undefined || more.length > 0 ? undefined : bugOf(wing, like)?.number;
  return `${number ?? ""}?`;
}

const nameOf = (wing: Wing, bug: string | null) => (bug === null ? "?" : (bugOf(wing, bug)?.number ?? "*"));

/** For the kernels of one wing: the legend of the cells that occur, and the labels that share a column. */
export function legend(reports: readonly KernelReport[]): string {
  const cells = reports.flatMap((report) => report.cells);
  const [first] = reports;
  if (first === undefined) return "";
  const { wing, explored } = first;
  const { name } = first.kernel;
  const has = (wanted: (cell: Cell) => boolean, text: string) => (cells.some(wanted) ? [text] : []);
  const isViolated = ({ verdict }: Cell) => verdict === "broken";
  const shortened = reports
    .map(({ kernel }) => kernel.name)
    .filter((label) => shortName(label) !== label)
    .map((label) => `${shortName(label)} is ${label}`);
  const otherwise = reports.flatMap(({ kernel: { name, release } }) =>
    release.labels.filter((label) => (wing.kernelCalled(label)?.name ?? name) !== name),
  );
  const alike = reports
    .map(({ kernel }) => kernel.release.labels)
    .filter((labels) => labels.length > 1)
    .map((labels) => labels.join(" = "));
  return [
    ...has(
      ({ verdict, tried }) => verdict === "kept" && tried === "random",
      "ok: kept in every history tried, of calls one after another",
    ),
    ...has(
      ({ verdict, tried }) => verdict === "kept" && tried === "visited",
      `visited: kept in every state of ${explored?.space}; nothing else was tried`,
    ),
    ...has(({ verdict }) => verdict === "not-tried", "not tried: nothing was tried that could violate it"),
    ...exampleOf(
      wing,
      cells.filter(({ verdict }) => verdict === "broken"),
    ),
    ...has((cell) => isViolated(cell) && cell.bug === null, "?: no bug of the catalogue accounts for it"),
    ...has(
      (cell) => isViolated(cell) && likeText(wing, cell.alike) !== "?",
      "C7? in 4, for one: no bug of the kernel accounts for it; the history of C7, which is not one of them, violates it too",
    ),
    ...starLines(
      cells.flatMap(({ law, bug }) => (bug !== null && nameOf(wing, bug) === "*" ? [{ law, bug }] : [])),
    ),
    ...somewhere(reports),
    ...has(({ verdict, bug }) => verdict === "not-promised" && bug === null, "-: not promised"),
    ...has(
      ({ verdict, bug }) => verdict === "not-promised" && bug !== null,
      "(A13): not promised, and A13 is why the kernel falls short of it",
    ),
    ...(shortened.length > 0 ? [shortened.join(", ")] : []),
    ...(inWing(wing, name) === name
      ? []
      : [`${inWing(wing, name)} is ${name}${reports.length > 1 ? ", and so are the others" : ""}`]),
    ...(alike.length > 0 ? [`labels of one kernel, in one column: ${alike.join(", ")}`] : []),
    ...(otherwise.length > 0
      ? [
          `of these, calls outside their domain are answered otherwise by ${otherwise.join(", ")}: check ${otherwise[0]}`,
        ]
      : []),
  ].join("\n");
}

/** What a cell says that names a bug by its number; no line if there is none. */
function exampleOf(wing: Wing, violated: readonly Cell[]): string[] {
  const cell = violated.find(({ bug }) => bug !== null && nameOf(wing, bug) !== "*");
  if (cell === undefined) return [];
  const number = nameOf(wing, cell.bug);
  return [
    `${number} in ${cell.commands}, for one: bug ${number} violates it in ${counted(cell.commands ?? 0, "command")}`,
  ];
}

/** The bugs that `*` stands for, each with the laws in whose rows it does; no line if there are none. */
export function starLines(starred: readonly { readonly law: string; readonly bug: string }[]): string[] {
  const laws = new Map<string, Set<string>>();
  for (const { law, bug } of starred) laws.set(bug, (laws.get(bug) ?? new Set()).add(law));
  const bugs = [...laws].map(([bug, of]) => `${bug} (${[...of].join(", ")})`);
  return bugs.length === 0 ? [] : [`*: a bug without a number: ${bugs.join(", ")}`];
}

/** Bugs that only some machines of a kernel show. */
function somewhere(reports: readonly KernelReport[]): readonly string[] {
  const shown = new Map<string, string[]>();
  for (const { wing, kernel, cells } of reports) {
    for (const { law, bug } of cells.filter(({ verdict }) => verdict === "broken")) {
      const violations = bug === null ? [] : (bugOf(wing, bug)?.violations ?? []);
      const found = violations.find((each) => each.law === law && each.on.includes(kernel.name));
      if (found?.where === undefined) continue;
      const text = `${nameOf(wing, bug)} only on ${found.where}:`;
      shown.set(text, [...(shown.get(text) ?? []), inWing(wing, kernel.name)]);
    }
  }
  return [...shown].map(([text, labels]) => `${text} ${labels.join(", ")}`);
}
