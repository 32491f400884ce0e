/** Plots of a judged log, drawn by echarts without a browser. */
import * as echarts from "echarts";
import { FONT, svgOf } from "../../jobs/logs/time-plot.ts";
import type { ValidateReport } from "../../jobs/logs/validate.ts";

export interface LogPlot {
  readonly name: string;
  readonly svg: string;
}

const BLUE = "#1f77b4";
const ORANGE = "#d9822b";
const GREY = "#888888";

export function logPlots(report: ValidateReport): readonly LogPlot[] {
  return [
    { name: "lazy.svg", svg: lazyPlot(report) },
    { name: "occupancy.svg", svg: occupancyPlot(report) },
    { name: "holes.svg", svg: holesPlot(report) },
  ];
}

type Option = Parameters<ReturnType<typeof echarts.init>["setOption"]>[0];

function drawn(option: Option): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 960, height: 480 });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: FONT },
    legend: { bottom: 8 },
    grid: { left: 90, right: 80, top: 60, bottom: 84 },
    ...option,
  });
  return svgOf(chart);
}

const titled = (text: string) => ({ title: { text, left: "center", top: 12, textStyle: { fontSize: 16 } } });

/** Seconds since the first event, or ticks. */
function timeOf({ samples, facts }: ValidateReport): readonly number[] {
  const first = samples[0]?.time ?? 0;
  return samples.map(({ time }) => (facts.clock === "counter" ? time - first : (time - first) / 1e6));
}

const timeAxis = ({ facts }: ValidateReport) =>
  ({
    type: "value",
    name: facts.clock === "counter" ? "ticks" : "seconds",
    nameLocation: "middle",
    nameGap: 28,
  }) as const;

function lazyPlot(report: ValidateReport): string {
  const { samples } = report;
  const times = timeOf(report);
  const points = (of: (nth: number) => number | undefined) => times.map((time, nth) => [time, of(nth)]);
  return drawn({
    ...titled("Lazy pages, and purges that returned areas"),
    xAxis: timeAxis(report),
    yAxis: [
      { type: "value", name: "pages" },
      { type: "value", name: "purges", splitLine: { show: false } },
    ],
    series: [
      {
        type: "line",
        name: "lazy pages",
        showSymbol: false,
        lineStyle: { color: BLUE },
        itemStyle: { color: BLUE },
        data: points((nth) => samples[nth]?.lazyPages),
      },
      {
        type: "line",
        name: "lazy_max_pages",
        showSymbol: false,
        lineStyle: { color: GREY, type: "dashed" },
        itemStyle: { color: GREY },
        data: points((nth) => samples[nth]?.lazyMost),
      },
      {
        type: "bar",
        name: "purges",
        yAxisIndex: 1,
        barWidth: 2,
        itemStyle: { color: ORANGE },
        data: points((nth) => samples[nth]?.purgesOfAreas),
      },
    ],
  });
}

function occupancyPlot(report: ValidateReport): string {
  const { samples } = report;
  const times = timeOf(report);
  const area = (name: string, color: string, pages: (nth: number) => number | undefined) =>
    ({
      type: "line",
      name,
      stack: "pages",
      showSymbol: false,
      areaStyle: { color, opacity: 0.5 },
      lineStyle: { color, width: 1 },
      itemStyle: { color },
      data: times.map((time, nth) => [time, pages(nth)]),
    }) as const;
  return drawn({
    ...titled("Pages of the address space that are taken"),
    xAxis: timeAxis(report),
    yAxis: { type: "value", name: "pages" },
    series: [
      area("in use", BLUE, (nth) => samples[nth]?.livePages),
      area("lazy", ORANGE, (nth) => samples[nth]?.lazyPages),
    ],
  });
}

/** Holes by the power of two that their size is below. */
function holesPlot({ holes }: ValidateReport): string {
  const counts: number[] = [];
  for (const { start, end } of holes) {
    const power = Math.floor(Math.log2(end - start));
    counts[power] = (counts[power] ?? 0) + 1;
  }
  const bars = Array.from(counts, (count = 0) => count);
  return drawn({
    ...titled("Free extents between areas, as the log ends"),
    xAxis: {
      type: "category",
      name: "pages, at least",
      nameLocation: "middle",
      nameGap: 28,
      data: bars.map((_count, power) => String(2 ** power)),
    },
    yAxis: { type: "value", name: "extents", minInterval: 1 },
    series: [{ type: "bar", name: "extents", itemStyle: { color: BLUE }, data: bars }],
  });
}
