/** A reading of /proc/vmallocinfo as text. */
import type { Asked, VmallocinfoReport } from "../../jobs/logs/vmallocinfo.ts";
import { rangesOfAll } from "../../kernels/versions.ts";
import { hex, hexOfPage } from "../../properties/vmap/log/hex.ts";
import type { Region } from "../../properties/vmap/log/reading.ts";
import { pc } from "../colour.ts";
import { columns, textWidth } from "../output.ts";
import { counted } from "./text.ts";

const MOST_USERS = 10;
const MOST_FAULTS = 10;
const INDENT = "  ";
const many = (count: number) => count.toLocaleString("en");

export function readingText(report: VmallocinfoReport): string {
  const { title, areas, lazy, regions, callers, uses, adjacent, unguarded, faults, asked } = report;
  const verdict =
    faults.length > 0 ? pc.red(counted(faults.length, "violation")) : pc.green("Nothing violated");
  const users = callers
    .slice(0, MOST_USERS)
    .map(({ name, areas: own, pages }) => [`  ${name}`, many(own), many(pages)]);
  return [
    `${verdict}${title === "" ? "" : `: ${title}`}`,
    `  ${counted(areas, "area")} in use, ${lazy} lazy; ${uses.map(({ name, areas: own }) => `${name} ${own}`).join(", ")}`,
    regions.map(regionText).join("\n"),
    `  ${counted(adjacent, "pair")} of neighbours without a free page between, ${unguarded} of them without a guard page`,
    columns([["  caller", "areas", "pages"], ...users]),
    ...faults.slice(0, MOST_FAULTS).map(({ law, says }) => `${pc.red(law)}  ${says}`),
    ...(asked === null ? [] : [askedText(asked)]),
  ].join("\n\n");
}

function regionText({
  start,
  end,
  areas,
  livePages,
  lazyPages,
  holes,
  holePages,
  fragmentation,
  largest,
}: Region): string {
  const sizes = largest.map(({ align, pages }) => `${many(pages)} at ${align / 1024} KiB`).join(", ");
  const free =
    holes.length === 0
      ? "no hole"
      : `${counted(holes.length, "hole")} of ${many(holePages)} pages, fragmentation ${(100 * fragmentation).toFixed(0)} %`;
  return [
    `  ${hex({ start, end })}: ${counted(areas, "area")}, pages ${many(livePages)} live, ${many(lazyPages)} lazy`,
    `    ${free}${holes.length === 0 ? "" : `; the largest: ${sizes}`}`,
  ].join("\n");
}

function askedText({ size, align, window, isGiven, fits }: Asked): string {
  const rows = fits.map(({ releases, start, needsPurge, purged, mayPool }) => {
    const notes = [
      ...(needsPurge && start !== undefined
        ? [`after a purge${purged.length > 0 ? ` of ${counted(purged.length, "lazy area")} there` : ""}`]
        : []),
      ...(mayPool ? ["unless a pool has one of its size"] : []),
    ];
    return [
      rangesOfAll(releases).join(", ") || releases.join(", "),
      start === undefined
        ? `refused, even after a purge${isGiven ? "" : ", unless the space reaches higher (--window START,END)"}`
        : hexOfPage(start),
      notes.join(", "),
    ];
  });
  const at = align <= 4096 ? "" : ` at a multiple of ${align / 1024} KiB`;
  const table = columns(rows, textWidth() - INDENT.length).replaceAll(/^/gm, INDENT);
  return `  ${counted(size, "page")}${at} in ${hex(window)}; vmalloc asks for a guard page more\n${table}`;
}
