/** Page tables that are not shared: ioremap, iounmap, touches and a purge on every CPU. */
import { Layout } from "../../engine/layout.ts";
import { phasesOf, type Step, type StepMachine, stepsOfCpu } from "../program.ts";
import { caches, mapsAndUnmaps, switches, touches } from "./callers.ts";
import { type CpuFields, fieldsOf, MOST_PHASES, type Roots, type RootsScope } from "./fields.ts";
import { flushes } from "./purge.ts";

export function rootsMachine(
  name: string,
  scope: RootsScope,
  purge: (m: Roots, cpu: CpuFields) => readonly Step[],
): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  const programs = m.cpus.map((cpu) => [
    ...mapsAndUnmaps(m),
    ...touches(m, cpu),
    ...switches(m, cpu),
    ...purge(m, cpu),
  ]);
  const phases = phasesOf(programs.flat());
  if (phases.length > MOST_PHASES) throw new RangeError(`${name} has more than ${MOST_PHASES} phases`);
  return {
    name,
    layout,
    cpus: scope.cpus,
    words: layout.words,
    initial: (state) => state.fill(0),
    actions: m.cpus.flatMap((cpu) => [
      ...stepsOfCpu(cpu.index, cpu.phase, phases, programs[cpu.index] as readonly Step[]),
      flushes(m, cpu),
      ...caches(m, cpu),
    ]),
    invariants: [],
    draw: (state) => draw(m, state),
  };
}

/** What each root and each TLB has for every address: a frame's number, or a dot. */
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
