/** The plot of bench/chain.ts, drawn by echarts without a browser. */
import * as echarts from "echarts";

/** What a curve is called and how it is drawn; the kernel without the cache stands out. */
const CURVES: Readonly<
  Record<string, { readonly name: string; readonly color: string; readonly symbol: string }>
> = {
  "2.6.28.10": { name: "2.6.28.10, no cache", color: "#c0392b", symbol: "circle" },
  "2.6.39": { name: "2.6.39, free-area cache", color: "#2471a3", symbol: "rect" },
  "3.16": { name: "3.16, free-area cache", color: "#1e8449", symbol: "triangle" },
};
/** lazy_max_pages() with 8 CPUs. */
const LIMIT = 32_768;
const FONT = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif";

/** Time of an allocation against length of the chain, on logarithmic axes, as SVG. */
export function chainPlot(
  lengths: readonly number[],
  measured: ReadonlyMap<string, readonly number[]>,
): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 860, height: 540 });
  const axis = {
    type: "log",
    nameLocation: "middle",
    nameTextStyle: { fontSize: 14, color: "#222" },
    axisLabel: { fontSize: 12, margin: 12, color: "#222" },
    axisLine: { show: true, lineStyle: { color: "#444" } },
    splitLine: { lineStyle: { color: "#e0e0e0" } },
  } as const;
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: FONT },
    title: {
      text: "An allocation behind a chain of lazy areas",
      subtext: "89699605: O(n) without the free-area cache, closer to an amortized O(1) with it",
      left: "center",
      top: 12,
      textStyle: { fontSize: 18, color: "#111" },
      subtextStyle: { fontSize: 13, color: "#555" },
    },
    legend: { bottom: 10, itemGap: 28, textStyle: { fontSize: 13, color: "#222" } },
    grid: { left: 90, right: 40, top: 84, bottom: 96 },
    xAxis: {
      ...axis,
      min: 1,
      max: 100_000,
      name: "lazy areas in the chain (of one page)",
      nameGap: 36,
      axisLabel: { ...axis.axisLabel, formatter: (areas: number) => areas.toLocaleString("en") },
    },
    yAxis: {
      ...axis,
      min: 100,
      name: "time of an allocation",
      nameGap: 62,
      axisLabel: { ...axis.axisLabel, formatter: duration },
    },
    series: [...measured].map(([label, nanoseconds], nth) => {
      const { name, color, symbol } = CURVES[label] ?? { name: label, color: "#555", symbol: "diamond" };
      return {
        type: "line" as const,
        name,
        symbol,
        symbolSize: 8,
        lineStyle: { width: 2.5, color },
        itemStyle: { color },
        data: lengths.map((length, at) => [length, Math.round(nanoseconds[at] as number)]),
        ...(nth === 0 ? { markLine: limitLine() } : {}),
      };
    }),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function duration(nanoseconds: number): string {
  if (nanoseconds >= 1e6) return `${nanoseconds / 1e6} ms`;
  return nanoseconds >= 1e3 ? `${nanoseconds / 1e3} µs` : `${nanoseconds} ns`;
}

/** Where a kernel with 8 CPUs would purge. */
function limitLine() {
  return {
    silent: true,
    symbol: "none",
    lineStyle: { type: "dashed" as const, color: "#888" },
    label: { formatter: "8 CPUs purge here", position: "end" as const, color: "#555" },
    data: [{ xAxis: LIMIT }],
  };
}
