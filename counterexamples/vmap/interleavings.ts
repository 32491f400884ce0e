/** Every bug of vmap that shows at the step grain. A new one is an entry in a table, and a folder with its runs. */
import type { InterleavedBug } from "../interleaved.ts";
import { OF_AREAS } from "./interleaved-areas.ts";
import { OF_BLOCKS } from "./interleaved-blocks.ts";
import { OF_CONTEXTS } from "./interleaved-contexts.ts";
import { OF_TABLES } from "./interleaved-tables.ts";

export const INTERLEAVED: readonly InterleavedBug[] = [
  ...OF_AREAS,
  ...OF_TABLES,
  ...OF_BLOCKS,
  ...OF_CONTEXTS,
];
