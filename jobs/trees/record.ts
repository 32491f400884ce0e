/** Records a kernel's replies to random callers, as the public recordings were made. */
import fc from "fast-check";
import { type Answered, RECORDED, traceText } from "../../adapters/vmap/recording-text.ts";
import { runChoices } from "../../properties/run-choices.ts";
import { type Choice, choices } from "../../properties/vmap/choices.ts";
import { benchFor } from "../../properties/vmap/test-bench.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import { AREAS_ONLY, type Scope, WORD64 } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE, type Vpn } from "../../spec/vmap/vocabulary.ts";

/** VMALLOC_START of x86-64. */
const START: Vpn = 0xffffc90000000;
const pages = (...counts: number[]) => counts.map((count) => count * PAGE_SIZE);

/** Areas alone, in a window that they fill. */
const areas: Scope = {
  ...AREAS_ONLY,
  name: "areas",
  wordPages: WORD64,
  cpus: 2,
  lazyMaxPages: 8,
  vmalloc: { vstart: START, vend: START + 32 },
  sizes: [1, 2, 3, 4, 8],
  aligns: [1, ...pages(1, 2, 8, 16)],
  windows: [
    { vstart: START, vend: START + 32 },
    { vstart: START + 5, vend: START + 21 },
    { vstart: START + 24, vend: START + 32 },
  ],
};

/** Maps through blocks, on as many CPUs. */
const blocks: Scope = {
  ...areas,
  name: "blocks",
  lazyMaxPages: 256,
  vmalloc: { vstart: START, vend: START + 1024 },
  blockPages: 128,
  bitsPerLong: 64,
  counts: [1, 2, 3, 8, 17, 64, 65],
  sizes: [1, 16],
  windows: [{ vstart: START, vend: START + 1024 }],
};

/** The longest trace, in choices. */
const LONGEST = 60;

/** This many traces in each scope, a line each. A trace ends where the kernel stops. */
export function* recordings(
  kernel: Kernel,
  version: string,
  seed: number,
  traces: number,
): Generator<string> {
  for (const scope of [areas, blocks]) {
    const setting = { ...benchFor(kernel, scope), laws: [] };
    for (const [nth, drawn] of fc
      .sample(choices(scope, { longest: LONGEST }), { seed, numRuns: traces })
      .entries()) {
      const answered: Answered[] = [];
      // The format has no calls outside their domain.
      const isRecorded = (choice: Choice) =>
        (RECORDED as readonly string[]).includes(choice.op) && !("count" in choice && choice.count === 0);
      runChoices(setting, drawn.filter(isRecorded), {
        played: ({ command, response }, state) => {
          if (command === undefined || response === undefined) return;
          answered.push({ command, response, dump: kernel.dump(state) });
        },
        violated: () => "continue",
      });
      if (answered.length > 0) yield traceText(version, seed + nth, scope, answered);
    }
  }
}
