/** vfree of areas whose permissions are reset, against purges of other CPUs. */
import { Layout } from "../../../engine/search/layout.ts";
import { factsOf } from "../../../kernels/changes.ts";
import type { Step, StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";
import { allocates, frees, purges } from "./calls.ts";
import { type CpuFields, fieldsOf, type ResetPerms, type ResetPermsScope } from "./fields.ts";

/** 5.2-rc3 has B9; 5.2 is released without it. */
export const RESET_PERMS_ORDERS: Readonly<
  Record<string, (m: ResetPerms, cpu: CpuFields) => readonly Step[]>
> = {
  "5.2-rc3": frees(factsOf("5.2-rc3").resetAsks),
  "5.2": frees(factsOf("5.2").resetAsks),
};

export function resetPermsMachine(
  name: string,
  scope: ResetPermsScope,
  vfree: (m: ResetPerms, cpu: CpuFields) => readonly Step[],
): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [...allocates(m), ...vfree(m, cpu), ...purges(m, cpu)],
    draw: (state) => draw(m, state),
  });
}

/** Areas by their life, and the range that each CPU will flush. */
function draw({ areas, cpus, most }: ResetPerms, state: Int32Array): Record<string, string> {
  const edge = (address: number) => (address === most ? "MAX" : `${address}`);
  return {
    areas: areas.map(({ life }) => ".ALP"[life.get(state)]).join(""),
    ...Object.fromEntries(
      cpus.map(({ index, start, end }) => {
        const [from, to] = [start.get(state), end.get(state)];
        return [`range ${index}`, from === 0 && to === 0 ? "" : `[${edge(from)},${edge(to)})`];
      }),
    ),
  };
}
