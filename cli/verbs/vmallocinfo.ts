/** `vmallocinfo`: the map of the space, its users and its room. */
import {
  type Asked,
  type VmallocinfoOptions as Options,
  type VmallocinfoReport,
  vmallocinfo,
} from "../../jobs/logs/vmallocinfo.ts";
import { rangesOfAll } from "../../kernels/versions.ts";
import type { Region } from "../../properties/vmap/log/reading.ts";
import { hex, hexOfPage } from "../../properties/vmap/log/window.ts";
import { pc } from "../colour.ts";
import { AS_EXPECTED, UNEXPECTED } from "../exit.ts";
import { columns, type JsonOption, print, textWidth } from "../output.ts";
import { counted } from "../show/text.ts";

export type VmallocinfoOptions = Options & JsonOption;

export async function vmallocinfoVerb(
  file: string,
  { json, ...options }: VmallocinfoOptions,
): Promise<number> {
  const readings = await vmallocinfo(file, options);
  if (json)
    console.log(
      JSON.stringify({ file, readings }, (key, value) => (isPage(key, value) ? hexOfPage(value) : value)),
    );
  else print(readings.map(readingText).join("\n\n"));
  return readings.some(({ faults }) => faults.length > 0) ? UNEXPECTED : AS_EXPECTED;
}

/** Where something begins and ends are addresses; all other numbers are counts. */
const isPage = (key: string, value: unknown) =>
  (key === "start" || key === "end") && typeof value === "number";

// A reading of /proc/vmallocinfo as text.

const MOST_USERS = 10;
const MOST_FAULTS = 10;
const INDENT = "  ";
const many = (count: number) => count.toLocaleString("en");

function readingText(report: VmallocinfoReport): string {
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
