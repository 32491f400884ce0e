/** The laws of what today's kernels juggle beside areas and blocks (docs/todays-kernels.md). A machine of its own judges by each. */
import { MEMORY_LAWS } from "../../process.ts";
import { CONTEXT_LAWS } from "./contexts.ts";
import { LEVEL_LAWS } from "./levels.ts";
import { TABLE_LAWS } from "./side-tables.ts";

interface Stated {
  readonly id: string;
  readonly says: string;
  readonly source: string;
}

export const CONCEPT_LAWS: readonly Stated[] = [
  ...CONTEXT_LAWS,
  ...TABLE_LAWS,
  ...LEVEL_LAWS,
  ...MEMORY_LAWS,
];
