import type { Alloc, Command, Response } from "../commands.ts";
import type { Law, Witness } from "../contract.ts";
import type { Extent, Vpn } from "../vocabulary.ts";
import type { World } from "../world.ts";

export type VmapLaw = Law<World, Command, Response>;
export type VmapWitness = Witness<World, Command, Response>;

/** The extent an allocation placed at `start` occupies, its inner guard page included, in plain integers. */
export function placedExtent(world: World, request: Alloc, start: Vpn): Extent {
  return { start, end: start + request.size + world.promises.guard.inside };
}

/**
 * Whether the reply contains a purge. A purge takes all lazy areas, and they are released before the
 * allocation of the same reply is judged (DESIGN, "What the judge knows of purges").
 */
export function purged(response: Response): boolean {
  return response.flushes.length > 0;
}

/** Whether lazy areas still count as taken when the allocation of this reply is judged. */
export function lazyAtPlacement(response: Response): "taken" | "gone" {
  return purged(response) ? "gone" : "taken";
}
