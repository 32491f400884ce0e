/** The types of this wing, with the world of its reference model and the choices that are drawn. */
import type { ImmutableWorld } from "../../model/vmap/world.ts";
import type { VmapTerms } from "../../spec/vmap/terms.ts";
import type { Choice } from "./choices.ts";

export interface Vmap<S = unknown> extends VmapTerms<S> {
  readonly world: ImmutableWorld;
  readonly choice: Choice;
}
