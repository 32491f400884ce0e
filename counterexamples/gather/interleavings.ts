/** Every bug of gathers that shows at the step grain. A new one is an entry in a table, and a folder with its runs. */
import type { InterleavedBug } from "../interleaved.ts";
import { OF_LOCKS } from "./interleaved-locks.ts";
import { OF_PAGES } from "./interleaved-pages.ts";
import { OF_TABLES } from "./interleaved-tables.ts";

export const INTERLEAVED: readonly InterleavedBug[] = [...OF_PAGES, ...OF_TABLES, ...OF_LOCKS];
