/** Kernels whose areas grow in number, and how long an allocation takes at each length: what the plots show. */
import { mkdirSync, writeFileSync } from "node:fs";
import { type Plot, timePlot } from "../jobs/logs/time-plot.ts";
import { median } from "./race.ts";

/** A kernel with something in it that grows. */
export interface Growing {
  /** Grows it to at least this length. */
  growTo(length: number): void;
  /** Allocates a few times, and leaves the length about as it was; returns nanoseconds an allocation. */
  time(): number;
}

/** By kernel, the median over the rounds for each length. All of them take turns at each length. */
export function timeGrowing(
  labels: readonly string[],
  lengths: readonly number[],
  rounds: number,
  make: (label: string) => Growing,
): Map<string, number[]> {
  const times = new Map<string, number[][]>(labels.map((label) => [label, lengths.map(() => [])]));
  for (let round = 0; round <= rounds; round++) {
    const growing = labels.map((label) => ({ label, kernel: make(label) }));
    for (const [nth, length] of lengths.entries()) {
      for (const { label, kernel } of growing) {
        kernel.growTo(length);
        const nanoseconds = kernel.time();
        // The first round is for the compiler.
        if (round > 0) times.get(label)?.[nth]?.push(nanoseconds);
      }
    }
  }
  return new Map([...times].map(([label, byLength]) => [label, byLength.map(median)]));
}

/** Plots the measurements into a file of docs/plots. */
export function writePlot(
  name: string,
  lengths: readonly number[],
  measured: ReadonlyMap<string, readonly number[]>,
  plot: Plot,
): void {
  const folder = new URL("../docs/plots/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(name, folder), timePlot(plot, lengths, measured));
}
