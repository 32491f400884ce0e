/** Checkpoints of `explore`: a search in a file, with all that says how its machine was asked for. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import {
  type Checkpoint,
  CheckpointError,
  readCheckpoint,
  refuseOther,
  writeCheckpoint,
} from "../engine/checkpoint.ts";
import type { Saving, Visitable } from "../engine/explore.ts";
import { OutOfMemory } from "../engine/state-table.ts";
import { UsageError } from "./exit.ts";
import type { Named } from "./visitable-by-name.ts";

const ownerForm = z.strictObject({
  version: z.string(),
  machine: z.string(),
  parameters: z.record(z.string(), z.int()),
  merged: z.boolean(),
  partialOrder: z.boolean(),
});

export interface SavedSearch {
  readonly path: string;
  readonly named: Named;
  readonly checkpoint: Checkpoint;
}

/** Throws a UsageError for a file that is no checkpoint, a damaged one, or one of another version. */
export function readSearch(path: string): SavedSearch {
  return orUsageError(path, () => {
    const checkpoint = readCheckpoint(path);
    const { success, data } = ownerForm.safeParse(checkpoint.owner);
    if (!success) throw new CheckpointError("it is a checkpoint of something else");
    const { version, ...named } = data;
    if (version !== VERSION) {
      throw new CheckpointError(`version ${version} wrote it, and this is version ${VERSION}`);
    }
    return { path, named, checkpoint };
  });
}

/** Throws a UsageError where what was saved is not of this machine, as this version has it. */
export function refuseOtherMachine({ path, checkpoint }: SavedSearch, machine: Visitable): void {
  orUsageError(path, () => refuseOther(checkpoint, machine));
}

/** Saves to a file every so many seconds. Where that fails, it says so on stderr, and the search goes on. */
export function savingTo(path: string, seconds: number, machine: Visitable, named: Named): Saving {
  let last = performance.now();
  return {
    due: () => performance.now() - last >= seconds * 1000,
    save: (search) => {
      try {
        writeCheckpoint(path, machine, { version: VERSION, ...named }, search);
      } catch (error) {
        console.error(`vmapcheck: --checkpoint ${path}: ${(error as Error).message}: nothing was saved`);
      }
      last = performance.now();
    },
  };
}

function orUsageError<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof CheckpointError) throw new UsageError(`--resume ${path}: ${error.message}`);
    if (error instanceof OutOfMemory) throw new UsageError(`--resume ${path}: there is no memory for it`);
    throw error;
  }
}

const PACKAGE = new URL(
  import.meta.url.includes("/dist/") ? "../../package.json" : "../package.json",
  import.meta.url,
);
const VERSION: string = JSON.parse(readFileSync(PACKAGE, "utf8")).version;
