/** Side tables keyed by address: areas, their owners, and what fills and empties the table (docs/todays-kernels.md). */
import { Layout } from "../../../engine/search/layout.ts";
import type { StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";
import { fieldsOf, type Tables, type TablesScope } from "./fields.ts";
import type { TablesOrder } from "./releases.ts";

export function tablesMachine(name: string, scope: TablesScope, order: TablesOrder): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => order.flatMap((steps) => steps(m, cpu)),
    legend: ". free  t taken  L live  l lazy  p purging; an entry: its page, and what it says of its places",
    draw: (state) => draw(m, state),
  });
}

function draw({ places, entries }: Tables, state: Int32Array): Record<string, string> {
  const saysOf = (index: number) =>
    places.filter(({ entry }) => entry.index === index).map(({ says }) => (says.get(state) ? "x" : "."));
  return {
    places: places.map(({ life }) => ".tLlp"[life.get(state)]).join(""),
    ...Object.fromEntries(
      entries.map(({ index, page }) => [
        `entry ${index}`,
        page.get(state) === 0 ? "-" : `${page.get(state) - 1}:${saysOf(index).join("")}`,
      ]),
    ),
  };
}
