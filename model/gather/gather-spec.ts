/** The specification of one release: its reference world. */
import type { Spec } from "../../spec/contract.ts";
import type { Command } from "../../spec/gather/commands.ts";
import type { Promises } from "../../spec/gather/promises.ts";
import type { Response } from "../../spec/gather/response.ts";
import type { Scope } from "../../spec/gather/scope.ts";
import { after } from "./after.ts";
import { initialWorld, type State } from "./world.ts";

export type GatherSpec = Spec<Scope, State, Command, Response>;

export function gatherSpec(promises: Promises): GatherSpec {
  return { initial: (scope) => initialWorld(scope, promises), enabled: () => [], after };
}
