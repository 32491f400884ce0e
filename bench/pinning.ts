/**
 * The question of a thread on linux-kernel ("Re: [rfc][patch] mm: vmap rewrite", 2008-06-09), in numbers: for each way
 * to use vm_unmap_aliases, how many calls, flushes and traps a pinned frame costs, and how many frames were pinned
 * while something still mapped them. Nothing is timed: the workload is fixed, so the same table comes out anywhere; a
 * test compares docs/pinning.md with it.
 *
 * The workload, on 2 CPUs with blocks of 128 pages, a hundred times over: a process is created, 24 page-table pages
 * pinned in a burst; then it lives, and pins a page 16 times, each time after an I/O; then it exits, and its 40 frames
 * are given back. Before the burst come four I/Os and a module's area. An I/O maps 16 pages with vm_map_ram, a CPU
 * writes to the first, and it is unmapped again; a module's area is 8 pages allocated, mapped, read and freed. A buffer
 * of 16 pages that stays for two processes keeps blocks from being given back completely.
 *
 *   npx tsx bench/pinning.ts
 */

import { fileURLToPath } from "node:url";
import { repaired3_1 } from "../counterexamples/vmap/controls/repaired-kernels.ts";
import { bugCalled } from "../counterexamples/vmap/index.ts";
import { begin } from "../engine/run/stepper.ts";
import { namesOf } from "../jobs/hunt-target.ts";
import { OPEN_VMAP } from "../jobs/vmap/open-wing.ts";
import { KERNELS } from "../kernels/vmap/index.ts";
import { type PinPolicy, POLICIES, underPolicy } from "../kernels/vmap/pinning.ts";
import type { State } from "../kernels/vmap/state.ts";
import { randomRun } from "../properties/random-run.ts";
import { HISTORIES } from "../properties/vmap/histories.ts";
import { scopeCalled } from "../properties/vmap/random-scopes.ts";
import { benchFor } from "../properties/vmap/test-bench.ts";
import type { HistoryStep } from "../spec/vmap/history.ts";
import type { Kernel } from "../spec/vmap/kernel.ts";
import { lawsCalled } from "../spec/vmap/laws/index.ts";
import type { Scope } from "../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../spec/vmap/vocabulary.ts";
import { kernelNamed } from "./kernel.ts";

const BOTTOM = 2 ** 16;
const WINDOW = { vstart: BOTTOM, vend: BOTTOM + 256 * 128 };
const SCOPE: Scope = {
  name: "pinning",
  wordPages: 2 ** 20,
  cpus: 2,
  lazyMaxPages: null,
  vmalloc: WINDOW,
  blockPages: 128,
  bitsPerLong: 64,
  beforeInit: false,
  congruent: [],
  counts: [16],
  sizes: [8],
  aligns: [PAGE_SIZE],
  windows: [WINDOW],
};

export const PROCESSES = 100;
const BURST = 24;
const LIVE = 16;

/** The two phases in which frames are pinned. */
export type Phase = "burst" | "live";

/** The costs of the pins of one phase. */
export interface PinCount {
  pins: number;
  calls: number;
  flushes: number;
  traps: number;
  aliased: number;
}

/** Runs one process after another, and counts the costs of its pins. */
export function countPins(kernel: Kernel<State>): Readonly<Record<Phase, PinCount>> {
  const stepper = begin({ ...benchFor(kernel, SCOPE), laws: lawsCalled(["pinned-is-unaliased"]) });
  const none = (): PinCount => ({ pins: 0, calls: 0, flushes: 0, traps: 0, aliased: 0 });
  const counts = { burst: none(), live: none() };
  const take = (step: HistoryStep) => stepper.take(step);
  const mapped = (cpu: number, count: number) => {
    const { index } = take({ op: "mapRam", cpu, count });
    take({ op: "touch", cpu, area: index, page: 0, write: true });
    return index;
  };
  const io = (cpu: number) => take({ op: "unmapRam", cpu, area: mapped(cpu, 16) });
  const pin = (phase: Phase) => {
    const { index, response, violated } = take({ op: "pin" });
    const count = counts[phase];
    if (response?.kind !== "pinned") throw new Error(`${kernel.name} answered ${response?.kind}`);
    count.pins += 1;
    if (response.swept) count.calls += 1;
    count.flushes += response.flushes.length;
    count.traps += response.traps;
    count.aliased += violated.length;
    return index;
  };
  const buffers: number[] = [];
  for (let process = 0; process < PROCESSES; process++) {
    const cpu = process % 2;
    buffers.push(mapped(cpu, 16));
    for (let nth = 0; nth < 4; nth++) io(cpu);
    const module = take({ op: "alloc", size: 8, align: PAGE_SIZE, ...WINDOW, map: true }).index;
    take({ op: "touch", cpu, area: module, page: 0 });
    take({ op: "free", area: module });
    const pins = Array.from({ length: BURST }, () => pin("burst"));
    for (let nth = 0; nth < LIVE; nth++) {
      io(cpu);
      pins.push(pin("live"));
    }
    for (const area of pins) take({ op: "unpin", area });
    const oldest = buffers.length > 2 ? buffers.shift() : undefined;
    if (oldest !== undefined) take({ op: "unmapRam", cpu, area: oldest });
  }
  return counts;
}

/** The kernels of the table of costs: one for each kind of block, and one without bugs. */
const COMPARED: readonly Kernel<State>[] = [...["2.6.28", "3.16", "4.15.0"].map(kernelNamed), repaired3_1];

/** One row a policy and kernel, each number a pinned frame's. */
function rows(policy: PinPolicy): string[] {
  return COMPARED.map((kernel) => {
    const { burst, live } = countPins(underPolicy(kernel, policy));
    const each = (count: PinCount) =>
      [count.calls, count.flushes, count.traps, count.aliased].map((sum) => (sum / count.pins).toFixed(2));
    return `| ${[policy.id, kernel.name, ...each(burst), ...each(live)].join(" | ")} |`;
  });
}

/** The table as docs/pinning.md has it. */
export function pinningTable(): string {
  const head = [
    "policy",
    "kernel",
    ...["burst", "live"].flatMap((phase) => COLUMNS.map((c) => `${phase}: ${c}`)),
  ];
  const line = head.map((_title, at) => (at < 2 ? "---" : "---:"));
  return [`| ${head.join(" | ")} |`, `| ${line.join(" | ")} |`, ...POLICIES.flatMap(rows)].join("\n");
}
const COLUMNS = ["calls", "flushes", "traps", "aliased"];

/** The bugs by which an alias reaches a pinned frame, by policy and kernel: those found at random in scope `small`. */
export function verdictTable(kernels: readonly Kernel<State>[]): string {
  const scope = scopeCalled("small") as Scope;
  const verdict = (kernel: Kernel<State>, policy: PinPolicy) => {
    const { known, unknown } = randomRun(HISTORIES, {
      kernel: underPolicy(kernel, policy),
      scope,
      seed: 2,
      histories: 1500,
      law: "pinned-is-unaliased",
      name: (step) => namesOf(OPEN_VMAP, kernel, step),
    });
    if (unknown !== undefined) return "unknown";
    const numbers = known.map((each) => bugCalled(each.known)?.number ?? each.known);
    return [...new Set(numbers)].sort().join(", ") || "kept";
  };
  const head = ["kernel", ...POLICIES.map(({ id }) => id)];
  const lines = kernels.map((kernel) => [kernel.name, ...POLICIES.map((policy) => verdict(kernel, policy))]);
  return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const lazy = KERNELS.filter(({ release }) => release.freesLazily);
  console.log(`${pinningTable()}\n\n${verdictTable(lazy)}`);
}
