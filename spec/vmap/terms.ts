/** The types of this wing, for code that is written for all wings (spec/wing.ts). */
import type { Terms } from "../wing.ts";
import type { Call } from "./commands/command.ts";
import type { Command, HistoryStep, Response } from "./commands.ts";
import type { Kernel } from "./kernel.ts";
import type { Ledger } from "./ledger.ts";
import type { Scope } from "./scope.ts";
import type { World } from "./world.ts";

export interface VmapTerms<S = unknown> extends Terms {
  readonly scope: Scope;
  readonly place: Place;
  readonly world: World;
  readonly names: Ledger;
  readonly step: HistoryStep;
  readonly command: Command;
  readonly response: Response;
  readonly kernel: Kernel<S>;
}

/** A small machine, and what callers do there. */
export interface Place {
  readonly scope: Scope;
  readonly calls: readonly Call[];
}
