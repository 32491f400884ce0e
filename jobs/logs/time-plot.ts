/** Curves of the time of calls, drawn by echarts without a browser. */
import * as echarts from "echarts";

/** The name and style of a curve. */
export interface Curve {
  readonly name: string;
  readonly color: string;
  readonly symbol: string;
}

export interface Plot {
  readonly title: string;
  readonly subtitle: string;
  /** The quantity on the horizontal axis. */
  readonly counted: string;
  /** What takes the time. */
  readonly timed: string;
  /** The least time on the vertical axis, in nanoseconds. */
  readonly least: number;
  /** By kernel. */
  readonly curves: Readonly<Record<string, Curve>>;
  /** The position of a vertical line, and the text above it. */
  readonly limit?: { readonly at: number; readonly says: string };
}

export const FONT = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif";

/** Nanoseconds by kernel, against these lengths: on logarithmic axes, as SVG. */
export function timePlot(
  { title, subtitle, counted, timed, least, curves, limit }: Plot,
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
      text: title,
      subtext: subtitle,
      left: "center",
      top: 12,
      textStyle: { fontSize: 18, color: "#111" },
      subtextStyle: { fontSize: 13, color: "#555" },
    },
    legend: { bottom: 10, itemGap: 28, textStyle: { fontSize: 13, color: "#222" } },
    grid: { left: 90, right: 40, top: 84, bottom: 96 },
    xAxis: {
      ...axis,
      min: lengths[0] as number,
      max: lengths.at(-1) as number,
      name: counted,
      nameGap: 36,
      axisLabel: { ...axis.axisLabel, formatter: (areas: number) => areas.toLocaleString("en") },
    },
    yAxis: {
      ...axis,
      min: least,
      name: timed,
      nameGap: 62,
      axisLabel: { ...axis.axisLabel, formatter: duration },
    },
    series: [...measured].map(([label, nanoseconds], nth) => {
      const { name, color, symbol } = curves[label] ?? { name: label, color: "#555", symbol: "diamond" };
      return {
        type: "line" as const,
        name,
        symbol,
        symbolSize: 8,
        lineStyle: { width: 2.5, color },
        itemStyle: { color },
        data: nanoseconds.map((each, at) => [lengths[at] as number, Math.round(each)]),
        ...(nth === 0 && limit ? { markLine: limitLine(limit) } : {}),
      };
    }),
  });
  return svgOf(chart);
}

/** Where a page is dark, the colours of the picture are inverted, and keep their hues. */
const DARK =
  "<style>@media (prefers-color-scheme: dark) { svg { filter: invert(0.92) hue-rotate(180deg); } }</style>";

/** The picture as SVG, and the end of the chart. */
export function svgOf(chart: echarts.ECharts): string {
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg.replace(/<svg [^>]*>/, (tag) => `${tag}\n${DARK}`);
}

function duration(nanoseconds: number): string {
  if (nanoseconds >= 1e9) return `${nanoseconds / 1e9} s`;
  if (nanoseconds >= 1e6) return `${nanoseconds / 1e6} ms`;
  return nanoseconds >= 1e3 ? `${nanoseconds / 1e3} µs` : `${nanoseconds} ns`;
}

function limitLine({ at, says }: NonNullable<Plot["limit"]>) {
  return {
    silent: true,
    symbol: "none",
    lineStyle: { type: "dashed" as const, color: "#888" },
    label: { formatter: says, position: "end" as const, color: "#555" },
    data: [{ xAxis: at }],
  };
}
