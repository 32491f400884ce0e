/** The matrix kernel x law: laws down, kernels across, in blocks that fit the terminal. */

import { bugCalled } from "../../counterexamples/index.ts";
import type { Cell, KernelReport } from "../check-kernel.ts";
import { pc } from "../colour.ts";
import { columns } from "../output.ts";

/** Columns assumed where stdout is not a terminal. */
const DEFAULT_WIDTH = 100;
const LAW_WIDTH = 30;
const KERNEL_WIDTH = 9;

export function matrix(reports: readonly KernelReport[]): string {
  const width = process.stdout.columns ?? DEFAULT_WIDTH;
  const perBlock = Math.max(3, Math.floor((width - LAW_WIDTH) / (KERNEL_WIDTH + 2)));
  const blocks: string[] = [];
  for (let from = 0; from < reports.length; from += perBlock) {
    blocks.push(block(reports.slice(from, from + perBlock)));
  }
  return blocks.join("\n\n");
}

function block(reports: readonly KernelReport[]): string {
  const laws = reports[0]?.cells.map(({ law }) => law) ?? [];
  const head = [
    "",
    ...reports.map(({ kernel }) => pc.bold(kernel.name.replace("piggin-", "").replace("-ubuntu", "u"))),
  ];
  const rows = laws.map((law, at) => [law, ...reports.map(({ cells }) => cellText(cells[at] as Cell))]);
  return columns([head, ...rows]);
}

/**
 * `ok`; the bug's number with the commands it takes; or, where the law is not promised, `-`, or the number of the bug by
 * which the kernel falls short of it.
 */
function cellText({ verdict, bug, commands }: Cell): string {
  if (verdict === "kept") return pc.green("ok");
  const name = bug === null ? "?" : (bugCalled(bug)?.number ?? "*");
  if (verdict === "not-promised") return pc.dim(bug === null ? "-" : `(${name})`);
  return pc.yellow(`${name} in ${commands}`);
}

export const LEGEND =
  "ok: kept in every history tried, of calls one after another   A9 in 3: broken by bug A9 in 3 commands\n" +
  "-: not promised   (A13): not promised, and A13 is why the kernel falls short of it\n" +
  "*: a bug without a number   draft-1, draft-3: piggin-draft-1, -3   4.15.18u: 4.15.18-ubuntu";
