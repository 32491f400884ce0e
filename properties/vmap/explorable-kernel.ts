/** A kernel of this wing beside the reference, as a machine for the explorer. */
import { AREA_CALLS, type Call } from "../../spec/vmap/commands/command.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import * as generic from "../explorable.ts";
import { SPACES } from "./spaces.ts";
import type { Vmap } from "./terms.ts";

export type VisitableKernel = generic.Explorable<Vmap>;
export type Seen = generic.Seen<Vmap>;
export interface ExplorableOptions extends generic.ExplorableOptions<Vmap> {
  /** What callers do. If not given, they allocate, free and purge. */
  readonly calls?: readonly Call[];
}

export function explorableKernel(
  kernel: Kernel,
  scope: Scope,
  { calls = AREA_CALLS, ...options }: ExplorableOptions,
): VisitableKernel {
  return generic.explorable(SPACES, kernel, { scope, calls }, options);
}
