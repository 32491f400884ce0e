/** Page tables that are not shared: ioremap, iounmap, touches and a purge on every CPU. */
import { Layout } from "../../../engine/search/layout.ts";
import type { Step, StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";
import { caches, mapsAndUnmaps, switches, touches } from "./callers.ts";
import { type CpuFields, fieldsOf, type Roots, type RootsScope } from "./fields.ts";
import { flushes } from "./purge.ts";

export function rootsMachine(
  name: string,
  scope: RootsScope,
  purge: (m: Roots, cpu: CpuFields) => readonly Step[],
): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [...mapsAndUnmaps(m), ...touches(m, cpu), ...switches(m, cpu), ...purge(m, cpu)],
    hardware: (cpu) => [flushes(m, cpu), ...caches(m, cpu)],
    draw: (state) => draw(m, state),
  });
}

/** The entry of each root and each TLB for every address: a frame's number, or a dot. */
function draw({ addresses, cpus, scope }: Roots, state: Int32Array): Record<string, string> {
  const frame = (entry: number) => (entry === 0 ? "." : `${entry - 1}`);
  const lives = ["free", "live", "unmapped", "lazy", "purging"];
  const columns: [string, string][] = [
    ["address", addresses.map(({ life }) => lives[life.get(state)] ?? "").join(" ")],
    ["init_mm", addresses.map(({ reference }) => frame(reference.get(state))).join("")],
  ];
  for (let root = 0; root < scope.roots; root++) {
    columns.push([
      `root ${root}`,
      addresses.map(({ entries }) => frame(entries[root]?.get(state) ?? 0)).join(""),
    ]);
  }
  for (const { index, tlb } of cpus) {
    columns.push([`TLB ${index}`, tlb.map((entry) => frame(entry.get(state))).join("")]);
  }
  return Object.fromEntries(columns);
}
