/** A user of the guarantee at the step grain: frames are mapped, unmapped, purged, and pinned by a policy. */
import { Layout } from "../../../engine/search/layout.ts";
import type { StepMachine } from "../../program.ts";
import { stepMachine } from "../../step-machine.ts";
import { fieldsOf, type PinsScope } from "./fields.ts";
import { type Policy, unpins } from "./policies.ts";
import { fills, flushes, maps, purgeAlone, purges, unmaps } from "./vmap.ts";

export function pinsMachine(name: string, scope: PinsScope, policy: Policy): StepMachine {
  const layout = new Layout();
  const m = fieldsOf(layout, scope);
  return stepMachine({
    name,
    layout,
    cpus: m.cpus,
    program: (cpu) => [
      ...maps(m, cpu),
      ...unmaps(policy.noting)(m, cpu),
      purgeAlone(m),
      ...purges(policy.noting)(m, cpu, policy.continues(cpu)),
      ...policy.pins(m, cpu),
      ...unpins(m),
    ],
    hardware: (cpu) => [flushes(m, cpu), ...fills(m, cpu)],
    isSymmetric: true,
    legend:
      "pages: M mapped, u being unmapped, L lazy, P being purged, each with its frame; frames: m mapped, t taken, s in stock, X pinned; TLB: by page, the frame",
    draw: (state) => ({
      pages: m.life
        .map((life, page) => `${".MuLP"[life.get(state)]}${m.maps[page]?.get(state) || " "}`)
        .join(" "),
      frames: m.used.map((used) => ".mtsX"[used.get(state)]).join(""),
      ...Object.fromEntries(
        m.cpus.map(({ index, tlb }) => [`TLB ${index}`, tlb.map((held) => held.get(state) || "-").join("")]),
      ),
    }),
  });
}
