/** Views of the protocols about page tables and of the kernels: page tables of processes, and the direct map. */

import { Layout } from "../../../engine/search/layout.ts";
import type { StepAction } from "../../../protocols/program.ts";
import * as perms from "../../../protocols/vmap/reset-perms.ts";
import { type RESET_PERMS_ORDERS, resetPermsMachine } from "../../../protocols/vmap/reset-perms.ts";
import * as roots from "../../../protocols/vmap/roots.ts";
import { type ROOTS_ORDERS, rootsMachine } from "../../../protocols/vmap/roots.ts";
import type { Promises } from "../../../spec/vmap/promises.ts";
import type { Extent } from "../../../spec/vmap/vocabulary.ts";
import type { Abstraction, Ran, View } from "./compare.ts";
import { answerOf, hull, list, memoryOf, numberIn, Places, placed } from "./places.ts";

/** A call that says where it is placed, or does not ask. */
function placedAt({ says }: StepAction): View {
  return /^(ioremap|vmalloc)/.test(says) ? { kind: "placed", at: `${numberIn(says)}` } : { kind: "done" };
}

const numbered = (places: Places) => (start: number) => places.pageAt(start);

/** A kernel has one page table, which is init_mm's here: the others belong to none of its calls. */
export function ofRoots(order: (typeof ROOTS_ORDERS)[string], release: Promises): Abstraction {
  const scope = { cpus: 1, roots: 1, addresses: 2, frames: 1 };
  const m = roots.fieldsOf(new Layout(), scope);
  const places = new Places(2, 1, release);
  const at = (wanted: number, state: Int32Array) =>
    m.addresses.flatMap(({ life, index }) => (life.get(state) === wanted ? [index] : []));
  return {
    machine: rootsMachine("roots", scope, order),
    scope: places.scope(),
    commandsOf: ({ says }) => {
      if (says.startsWith("ioremap")) return [[places.alloc(numberIn(says))]];
      if (says.startsWith("iounmap")) return [[{ op: "free", start: places.addressOf(numberIn(says)) }]];
      return [says.startsWith("a purge begins") ? [{ op: "drain" }] : []];
    },
    answer: (run) => {
      const asking = run.filter(({ action }) => action.says === "asks every CPU to flush");
      const flushes = asking.map(({ after }) => hull(at(roots.PURGING, after)));
      return { ...placedAt((run[0] as Ran).action), flushes: list(flushes) };
    },
    reply: (response) => placed(answerOf(response, places), response, numbered(places)),
    stateOf: (state) => ({
      lives: m.addresses.map(({ life }) => ".B?L"[life.get(state)]).join(""),
      ptes: list(m.addresses.flatMap(({ reference, index }) => (reference.get(state) > 0 ? [index] : []))),
    }),
    kernelStateOf: (state, kernel) => ({
      lives: places.lives(kernel.dump(state)),
      ...memoryOf(state, places, 1),
    }),
  };
}

/** vfree with VM_FLUSH_RESET_PERMS is a free and a vm_unmap_aliases, whose range includes a page of the direct map. */
export function ofResetPerms(order: (typeof RESET_PERMS_ORDERS)[string], release: Promises): Abstraction {
  const scope = { cpus: 1, areas: 2 };
  const m = perms.fieldsOf(new Layout(), scope);
  const cpu = m.cpus[0] as perms.CpuFields;
  const places = new Places(2, 1, release);
  const range = (start: number, end: number) => `[${start},${end})`;
  const widened = ({ start, end }: Extent, direct: number) => {
    const [from, to] = [places.pageAt(start), places.pageAt(end - 1) + 1];
    return direct === 0 ? range(from, to) : range(Math.min(from, direct), Math.max(to, direct + 1));
  };
  return {
    machine: resetPermsMachine("reset-perms", scope, order),
    scope: places.scope(),
    commandsOf: ({ says }) => {
      if (says.startsWith("vmalloc")) return [[places.alloc(numberIn(says))]];
      if (!says.startsWith("vfree")) return [[{ op: "drain" }]];
      return [[{ op: "free", start: places.addressOf(numberIn(says)) }, { op: "unmapAliases" }]];
    },
    answer: (run) => {
      const flushing = run.filter(({ action }) => action.says.startsWith("flushes the range"));
      const flushes = flushing.map(({ before }) => range(cpu.start.get(before), cpu.end.get(before)));
      return { ...placedAt((run[0] as Ran).action), flushes: list(flushes) };
    },
    reply: (response, run) => {
      const direct = cpu.direct.get((run[0] as Ran).after);
      const flushes = list(response.flushes.map((each) => widened(each, direct)));
      return placed({ kind: response.kind, flushes }, response, numbered(places));
    },
    stateOf: (state) => ({ lives: m.areas.map(({ life }) => ".BL"[life.get(state)]).join("") }),
    kernelStateOf: (state, kernel) => ({ lives: places.lives(kernel.dump(state)) }),
  };
}
