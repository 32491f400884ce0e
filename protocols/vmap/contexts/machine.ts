/** Callers in every context that their release allows, whose memory may fail or wait (docs/todays-kernels.md). */
import { Layout, valueText } from "../../../engine/search/layout.ts";
import type { StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";
import { type Contexts, type ContextsScope, fieldsOf, PARTS } from "./fields.ts";
import type { ContextsOrder } from "./releases.ts";

export function contextsMachine(name: string, scope: ContextsScope, order: ContextsOrder): StepMachine {
  const layout = new Layout();
  const { populates, ...others } = order;
  const m = fieldsOf(layout, { ...scope, shadow: scope.shadow && populates !== undefined });
  const lists = [...Object.values(others), ...(m.scope.shadow && populates ? [populates] : [])];
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => lists.flatMap((steps) => steps(m, cpu)),
    legend: "what the call or the area has got",
    draw: (state) => draw(m, state),
  });
}

/** What each caller may do, and what its call or its area has. */
function draw({ cpus }: Contexts, state: Int32Array): Record<string, string> {
  return Object.fromEntries(
    cpus.flatMap(({ index, context, mask, section, area, parts }) => [
      [
        `from ${index}`,
        `${valueText(context, context.get(state))}, ${valueText(mask, mask.get(state))}${section.get(state) ? ", lazy MMU" : ""}`,
      ],
      [`area ${index}`, valueText(area, area.get(state))],
      [`has ${index}`, PARTS.filter((_part, bit) => (parts.get(state) >>> bit) & 1).join(", ") || "-"],
    ]),
  );
}
