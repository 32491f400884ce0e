/** The illustration of each wing. A new wing adds one file and one line here. */
import { GATHER_ILLUSTRATION } from "../gather/illustration.ts";
import { UsageError } from "../usage-error.ts";
import { VMAP_ILLUSTRATION } from "../vmap/illustration.ts";
import type { Illustration } from "./illustration.ts";

const ILLUSTRATIONS: Readonly<Record<string, Illustration>> = {
  vmap: VMAP_ILLUSTRATION,
  gather: GATHER_ILLUSTRATION,
};

export function illustrationOf({ name }: { readonly name: string }): Illustration {
  const found = ILLUSTRATIONS[name];
  if (found === undefined) throw new UsageError(`the page does not draw ${name} yet: replay does`);
  return found;
}
