/** A violation in a log as a recording of the few calls that matter: judged as it is, replayed on models and trees. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { LogViolation } from "../../properties/vmap/log/account.ts";
import type { Area } from "../../properties/vmap/log/area.ts";
import { OF_ROOM } from "../../properties/vmap/log/laws.ts";
import { hexOfPage } from "../../properties/vmap/log/window.ts";
import type { LawId } from "../../spec/contract.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";
import { judge } from "../judge.ts";

export interface PinnedLog {
  readonly law: LawId;
  readonly line: number;
  readonly path: string;
  readonly calls: number;
}

/** Why a violation has no recording. */
export interface NotPinned {
  readonly law: LawId;
  readonly line: number;
  readonly why: string;
}

const FOLDER = join(".vmapcheck", "pinned");

const OF_THE_REST = "few calls alone do not show it: it depends on the rest of the space";

/** Files the first violation of each law. */
export async function pinLog(
  file: string,
  violations: readonly LogViolation[],
): Promise<readonly (PinnedLog | NotPinned)[]> {
  const filed: (PinnedLog | NotPinned)[] = [];
  for (const violation of violations) {
    const { law, line } = violation;
    if (filed.some((each) => each.law === law && "path" in each)) continue;
    const calls = callsOf(violation);
    if (calls === undefined) {
      const why = OF_ROOM.includes(law) ? OF_THE_REST : "it is about the log, and not about calls";
      if (!filed.some((each) => each.law === law)) filed.push({ law, line, why });
      continue;
    }
    const name = `${basename(file)
      .replace(/\.(txt|gz|trace|log)\b/g, "")
      .replaceAll(/[^\w-]+/g, "_")}.${law}.jsonl`;
    const path = join(FOLDER, name);
    await mkdir(FOLDER, { recursive: true });
    await writeFile(
      path,
      `${JSON.stringify({ version: "a-running-kernel", promises: { frees: "lazy", laws: [law] }, ...calls })}\n`,
    );
    const { files } = await judge([path]);
    if (files[0]?.broken.some((each) => each.law === law))
      filed.push({ law, line, path, calls: calls.ops.length });
    else {
      await rm(path);
      filed.push({ law, line, why: OF_THE_REST });
    }
  }
  return filed;
}

type Op = readonly [request: object, reply: object];

interface Calls {
  /** A tree has 32 bits, and reaches what lies around the vmalloc window. */
  readonly config: { readonly vmalloc_start: string; readonly vmalloc_end: string };
  readonly ops: readonly Op[];
}

/** The calls that matter, in their order; undefined if the law is about none. */
function callsOf({ law, areas, says }: LogViolation): Calls | undefined {
  const [old, placed = old] = areas;
  if (old === undefined || placed === undefined) return undefined;
  const isOfOne = law === "in-window" || law === "aligned";
  // Other areas lay below. They are left out, so the window begins where the lowest of these lies.
  const from = isOfOne ? requestOf(placed).vstart : Math.min(old.start, placed.start);
  const ops = (): readonly Op[] | undefined => {
    switch (law) {
      case "no-overlap":
      case "flush-before-reuse":
        return [alloc(old, from), ...(old.freed === undefined ? [] : [free(old)]), alloc(placed, from)];
      case "in-window":
      case "aligned":
        return [alloc(placed, from)];
      case "argument-domain":
        // What was never placed is freed; or what is placed, twice.
        if (old.origin === "unseen" || says.includes("nothing was placed")) return [free(old, 1)];
        return [alloc(old, from), free(old, 1), free(old, 2)];
      default:
        return undefined;
    }
  };
  const end = Math.max(requestOf(old).vend, requestOf(placed).vend);
  const calls = ops();
  return calls && { config: { vmalloc_start: hexOfPage(from), vmalloc_end: hexOfPage(end) }, ops: calls };
}

/** That of an area whose request the log does not have takes just its place. */
const requestOf = ({ start, end, request }: Area) =>
  request ?? { align: PAGE_SIZE, vstart: start, vend: end };

function alloc(area: Area, vstart: number): Op {
  const { align, vend } = requestOf(area);
  return [
    {
      op: "alloc_vmap_area",
      size: hexOfPage(area.end - area.start),
      align: `0x${align.toString(16)}`,
      vstart: hexOfPage(vstart),
      vend: hexOfPage(vend),
    },
    { addr: hexOfPage(area.start) },
  ];
}

/** `times`: how often its pages are lazy then, which is what a free that was obeyed changes. */
function free({ start, end }: Area, times?: number): Op {
  const areas = [[hexOfPage(start), hexOfPage(end), 0, 1]];
  const counted = times === undefined ? {} : { areas, lazy_nr: times * (end - start) };
  return [
    { op: "free_area", addr: hexOfPage(start) },
    { ok: true, ...counted },
  ];
}
