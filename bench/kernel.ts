/** What the benchmarks of bare kernels share: a machine of full size, and a kernel by its label. */
import { kernelCalled } from "../kernels/vmap/index.ts";
import type { State } from "../kernels/vmap/state.ts";
import type { Alloc } from "../spec/vmap/commands.ts";
import type { Kernel } from "../spec/vmap/kernel.ts";
import { AREAS_ONLY, type Scope, WORD64 } from "../spec/vmap/scope.ts";
import { PAGE_SIZE, type Pages, type Vpn } from "../spec/vmap/vocabulary.ts";

/** The kernel with this label. Throws a RangeError if there is none. */
export function kernelNamed(label: string): Kernel<State> {
  const found = kernelCalled(label);
  if (found === undefined) throw new RangeError(`no kernel is called ${label}`);
  return found;
}

/** A 64-bit machine. */
export function fullSize(cpus: number, lazyMaxPages: Pages | null): Scope {
  return {
    ...AREAS_ONLY,
    name: "full size",
    wordPages: WORD64,
    cpus,
    lazyMaxPages,
    sizes: [],
    aligns: [],
    windows: [],
  };
}

/** One request for this many pages, aligned to a page, anywhere in a 32 TiB window (x86-64's vmalloc space). */
export function request(size: Pages, above: Vpn = 0): Alloc {
  const vstart = 2 ** 51;
  return { op: "alloc", size, align: PAGE_SIZE, vstart: vstart + above, vend: vstart + 2 ** 33, map: false };
}

/** Where a kernel puts it. A benchmark has room for all it asks. */
export function place(kernel: Kernel<State>, state: State, wanted: Alloc): Vpn {
  const response = kernel.act(state, wanted);
  if (response.kind !== "placed") throw new Error(`${kernel.name} answered ${response.kind}`);
  return response.start;
}
