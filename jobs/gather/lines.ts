/** The state of an mm in lines: what waits in each gather, what no flush has covered, and what is free. */
import { hex } from "../../spec/gather/commands/command.ts";
import type { World } from "../../spec/gather/world.ts";

const listed = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b).join(" ");

/** A line each: the pages and tables that wait in a gather, removals that no flush has covered, and frames that are free. */
export function linesOf({ gathers, waiting, tables, uncovered, freed, walkers }: World): string[] {
  const of = <V extends { readonly g: number }>(all: ReadonlyMap<number, V>, g: number) =>
    [...all].filter(([, each]) => each.g === g).map(([number]) => number);
  const row = (name: string, text: string) => (text === "" ? [] : [`  ${name.padEnd(12)}${text}`]);
  const queued = [...tables].filter(([, table]) => table.queued).map(([id]) => id);
  const lines = [...gathers.values()].flatMap(({ g, fullmm, start, end }) => {
    const pages = of(waiting, g);
    const own = of(tables, g).filter((id) => !queued.includes(id));
    const range = fullmm ? "the whole mm" : `${hex(start)} to ${hex(end)}`;
    const waits = [
      ...(pages.length === 0 ? [] : [`pages ${listed(pages)}`]),
      ...(own.length === 0 ? [] : [`tables ${listed(own)}`]),
    ];
    return row(`gather ${g}`, `${range}${waits.length === 0 ? "" : `; ${waits.join(", ")} wait`}`);
  });
  const removed = [...uncovered.values()].map(({ addr, end, table }) =>
    table === undefined ? `${hex(addr)} to ${hex(end)}` : `table ${table}`,
  );
  return [
    ...lines,
    ...row("not flushed", removed.join(", ")),
    ...row("with RCU", queued.length === 0 ? "" : `tables ${listed(queued)}`),
    ...row("walked", [...walkers].map(([cpu, table]) => `table ${table} by CPU ${cpu}`).join(", ")),
    ...row("free", listed([...freed].filter(([, whose]) => whose === "free").map(([pfn]) => pfn))),
    ...row("reused", listed([...freed].filter(([, whose]) => whose !== "free").map(([pfn]) => pfn))),
  ];
}
