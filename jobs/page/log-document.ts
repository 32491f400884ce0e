/** A judged log for the page: its time line, its laws, and each violation with the areas around it. */
import { LOG_LAWS } from "../../properties/vmap/log/laws.ts";
import type { JudgedLaw } from "../logs/validate.ts";
import { type ValidateOptions, validate } from "../logs/validate.ts";
import type { LogDocument, Thing } from "./documents.ts";
import { cutsOf } from "./illustration.ts";

/** The end of the address space, in pages. */
const LAST = 2 ** 52;

export async function logDocument(file: string, options: ValidateOptions): Promise<LogDocument> {
  const report = await validate(file, options);
  const { facts, samples, peak, totals, callers, windows, violations, violated } = report;
  const first = samples[0]?.time ?? 0;
  return {
    kind: "log",
    file,
    about: `${report.lines.events} events, ${facts.cpus} ${facts.cpus === 1 ? "CPU" : "CPUs"}, ${facts.bits} bits`,
    unit: facts.clock === "counter" ? "ticks" : "microseconds",
    lost: report.lost.events,
    first,
    last: samples.at(-1)?.time ?? first,
    violated,
    peak: { ...peak },
    totals: { ...totals },
    samples: samples.map((each) => ({ ...each, lazyMost: each.lazyMost ?? null })),
    callers,
    laws: report.laws.map(lawEntry),
    windows: windows.map(
      ({ vstart, vend, areas, livePages, lazyPages, holes, largestHole, fragmentation }) => ({
        start: vstart,
        end: vend,
        areas,
        livePages,
        lazyPages,
        holes,
        largestHole: largestHole === undefined ? 0 : largestHole.end - largestHole.start,
        fragmentation,
      }),
    ),
    violations: violations.map(({ law, line, time, says, areas, around, events }) => {
      const all = [...new Set([...areas, ...around])].sort((a, b) => a.start - b.start);
      return {
        law,
        line,
        time,
        says,
        events: events.map((each) => `line ${each.line}: ${each.name}, CPU ${each.cpu}`),
        things: all.map(({ start, end, freed }, nth): Thing => {
          const life = freed === undefined ? "busy" : "lazy";
          return { kind: "area", start, end, step: nth + 1, life, mapped: 0, frame: 0 };
        }),
        cuts: cutsOf(all, LAST),
        marks: areas.map(({ start, end }) => ({ row: "area", start, end, says })),
      };
    }),
  };
}

const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((all, each) => all + each, 0);

function lawEntry({ id, judged, violated, undecided, blind }: JudgedLaw): LogDocument["laws"][number] {
  const says = LOG_LAWS.find((law) => law.id === id)?.says ?? "";
  const why = Object.keys({ ...undecided, ...blind });
  return { id, says, judged, violated, undecided: sum(undecided), blind: sum(blind), why };
}
