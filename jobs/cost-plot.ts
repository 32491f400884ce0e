/** The pictures of what laziness costs, from a report of `simulate`. */
import * as echarts from "echarts";
import { type Curve, FONT, svgOf, timePlot } from "./logs/time-plot.ts";
import type { SimulateReport } from "./simulate.ts";

/** The picture of the last part that has one: growth, the directory, or the table of the seed. */
export function costPlot(report: SimulateReport): string {
  if (report.growth !== undefined) return growthPlot(report.growth);
  if (report.directory !== undefined) return directoryPlot(report.directory);
  return tablePlot(report);
}

function tablePlot({ seedTable }: SimulateReport): string {
  const threads = seedTable.map((row) => row.threads);
  const curves: Record<string, Curve> = {
    "2.6.27, measured": { name: "2.6.27, measured in 2008", color: "#c0392b", symbol: "emptyCircle" },
    "2.6.27": { name: "2.6.27, simulated", color: "#e59866", symbol: "circle" },
    "2.6.28, measured": { name: "2.6.28, measured in 2008", color: "#1e8449", symbol: "emptyRect" },
    "2.6.28": { name: "2.6.28, simulated", color: "#7dcea0", symbol: "rect" },
  };
  const measured = new Map([
    ["2.6.27, measured", seedTable.map((row) => row.measured.before)],
    ["2.6.27", seedTable.map((row) => row.before)],
    ["2.6.28, measured", seedTable.map((row) => row.measured.after)],
    ["2.6.28", seedTable.map((row) => row.after)],
  ]);
  const plot = {
    title: "A flush for each unmap, and one for eight thousand",
    subtitle: "a map, touch and unmap of 4 pages on 8 CPUs: the table of db64fe02, and the simulation",
    counted: "threads",
    timed: "time of one thread",
    least: 1000,
    curves,
  };
  return timePlot(plot, threads, measured);
}

const COLOURS = [
  "#c0392b",
  "#d35400",
  "#b9770e",
  "#7d6608",
  "#1e8449",
  "#148f77",
  "#2471a3",
  "#6c3483",
  "#566573",
];

function growthPlot(growth: NonNullable<SimulateReport["growth"]>): string {
  const lines = growth.filter(({ calls }) => calls === "vmap");
  const cpus = lines[0]?.points.map((point) => point.cpus) ?? [];
  const curves = Object.fromEntries(
    lines.map(({ kernel }, nth) => [
      kernel,
      { name: kernel, color: COLOURS[nth] as string, symbol: "circle" },
    ]),
  );
  const measured = new Map(
    lines.map(({ kernel, points }) => [kernel, points.map((point) => point.nanoseconds)]),
  );
  const plot = {
    title: "The same loop by vmap, on more and more CPUs",
    subtitle: "each release moves the lock at which CPUs wait; one thread on each CPU",
    counted: "CPUs",
    timed: "time of one thread",
    least: 1000,
    curves,
  };
  return timePlot(plot, cpus, measured);
}

/** Functions below this share are drawn together. */
const LEAST_SHARE = 0.002;

function directoryPlot({ before, after }: NonNullable<SimulateReport["directory"]>): string {
  const rows = { before: before.shares, after: after.shares };
  const large = [...before.shares, ...after.shares].filter(({ share }) => share >= LEAST_SHARE);
  const names = [...new Set(large.map(({ as }) => as))];
  const shareIn = (shares: typeof before.shares, name: string) =>
    shares.find(({ as }) => as === name)?.share ?? 0;
  const rest = (shares: typeof before.shares) =>
    shares.filter(({ as }) => !names.includes(as)).reduce((sum, { share }) => sum + share, 0);
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 860, height: 420 });
  const percent = (share: number) => Math.round(share * 10000) / 100;
  const bar = (name: string, data: readonly number[]) => ({
    type: "bar" as const,
    stack: "all",
    name,
    data: data.map(percent),
  });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: FONT },
    color: [
      "#c0392b",
      "#d5d8dc",
      "#2471a3",
      "#b9770e",
      "#1e8449",
      "#6c3483",
      "#148f77",
      "#7d6608",
      "#566573",
      "#e59866",
    ],
    title: {
      text: "Where 64 CPUs spend their time in a large directory",
      subtext: "percent of all CPUs, before and after the rewrite, simulated",
      left: "center",
      top: 12,
      textStyle: { fontSize: 18, color: "#111" },
      subtextStyle: { fontSize: 13, color: "#555" },
    },
    legend: { bottom: 10, itemGap: 36, textStyle: { fontSize: 12, color: "#222" } },
    grid: { left: 80, right: 40, top: 84, bottom: 120 },
    xAxis: { type: "value", max: 100, axisLabel: { color: "#222" } },
    yAxis: { type: "category", data: ["after", "before"], axisLabel: { fontSize: 14, color: "#222" } },
    series: [
      ...names.map((name) => bar(name, [shareIn(rows.after, name), shareIn(rows.before, name)])),
      bar("all others", [rest(rows.after), rest(rows.before)]),
    ],
  });
  return svgOf(chart);
}
