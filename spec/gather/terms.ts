/** The types of this wing, for code that is written for all wings (spec/wing.ts). */
import type { Fingerprint } from "../fingerprint.ts";
import type { Terms } from "../wing.ts";
import type { Command, Names, Response } from "./commands.ts";
import type { Promises } from "./releases.ts";
import type { Dump } from "./response.ts";
import type { Scope } from "./scope.ts";
import type { World } from "./world.ts";

export interface GatherTerms extends Terms {
  readonly scope: Scope;
  readonly place: { readonly scope: Scope };
  readonly world: World;
  readonly names: Names;
  /** A step is a command, and a choice any natural number. */
  readonly step: Command;
  readonly choice: number;
  readonly command: Command;
  readonly response: Response;
  readonly kernel: {
    readonly release: Promises;
    dump(state: unknown): Dump;
    /** Adds all on which a later reply may depend. */
    add(state: unknown, to: Fingerprint): void;
  };
}
