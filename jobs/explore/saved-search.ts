/** Checkpoints of `explore`: a search in a file, with the options from which its machine is built. */
import { z } from "zod";
import { OutOfMemory } from "../../engine/out-of-memory.ts";
import {
  type Checkpoint,
  CheckpointError,
  type Known,
  readCheckpoint,
  refuseOther,
  writeCheckpoint,
} from "../../engine/search/checkpoint.ts";
import type { Saving, Visitable } from "../../engine/search/visitable.ts";
import { behaviourOf } from "../../engine/transitions.ts";
import { VERSION } from "../package-version.ts";
import { inOrder, wrongIn } from "../parameters.ts";
import { machineOf, prepare, type SubjectRef, subjectNamed } from "../subject.ts";
import { ORDERS } from "../subject-types.ts";
import { UsageError } from "../usage-error.ts";

/** A machine, as it was asked for, and the version that was asked. */
export const ownerForm = z.strictObject({
  version: z.string(),
  machine: z.string(),
  law: z.string().optional(),
  parameters: z.record(z.string(), z.int()),
  merged: z.boolean(),
  orders: z.enum(ORDERS),
});

export interface SavedSearch {
  readonly path: string;
  readonly named: SubjectRef;
  readonly checkpoint: Checkpoint;
}

/** Throws a UsageError for a file that is no checkpoint, or a damaged one, or one of another version. */
export async function readSearch(path: string): Promise<SavedSearch> {
  return orUsageError(path, async () => {
    const checkpoint = readCheckpoint(path);
    return { path, named: await namedIn(checkpoint.owner), checkpoint };
  });
}

/** The machine that was asked for. Throws a CheckpointError if this version cannot build it. */
export async function namedIn(owner: unknown): Promise<SubjectRef> {
  const { success, data } = ownerForm.safeParse(owner);
  if (!success) throw new CheckpointError("it is a checkpoint of something else");
  const { version, ...named } = data;
  if (version !== VERSION) {
    throw new CheckpointError(`version ${JSON.stringify(version)} wrote it, and this is version ${VERSION}`);
  }
  await prepare(named.machine);
  const subject = subjectNamed(named.machine, named.law);
  const wrong = wrongIn(subject, named.parameters);
  if (wrong !== undefined) throw new CheckpointError(`its scope: ${wrong}`);
  return { ...named, parameters: inOrder(subject, named.parameters) };
}

/** The same, to be written. */
export const ownerOf = (named: SubjectRef): z.infer<typeof ownerForm> => ({ version: VERSION, ...named });

/** Throws a UsageError if the saved search is not of this version's machine. */
export async function refuseOtherMachine(
  { path, named, checkpoint }: SavedSearch,
  machine: Visitable,
): Promise<void> {
  await orUsageError(path, () => refuseOther(checkpoint, knownBy(machine, named)));
}

/** The digest is computed on a machine of its own, so that the explored one sees no witnesses. */
const knownBy = (machine: Visitable, named: SubjectRef): Known => ({
  machine,
  behaviour: behaviourOf(machineOf(named)),
});

/**
 * Runs work on a search. If it fails and the search came from a file, it throws a UsageError of one line: a checksum
 * does not prove the origin of the states.
 */
export async function orNotOfMachine<T>(
  saved: SavedSearch | undefined,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (saved === undefined || error instanceof UsageError) throw error;
    throw new UsageError(
      `--resume ${saved.path}: its states are not of this machine: ${(error as Error).message}`,
    );
  }
}

/** Saves to a file every `every` seconds. If that fails, it reports so, and the search continues. */
export function savingTo(
  path: string,
  seconds: number,
  machine: Visitable,
  named: SubjectRef,
  warn: (text: string) => void = () => {},
): Saving {
  let last = performance.now();
  let known: Known | undefined;
  return {
    due: () => performance.now() - last >= seconds * 1000,
    save: (search) => {
      try {
        known ??= knownBy(machine, named);
        writeCheckpoint(path, known, ownerOf(named), search);
      } catch (error) {
        warn(`--checkpoint ${path}: ${(error as Error).message}: nothing was saved`);
      }
      last = performance.now();
    },
  };
}

async function orUsageError<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CheckpointError) throw new UsageError(`--resume ${path}: ${error.message}`);
    if (error instanceof OutOfMemory) throw new UsageError(`--resume ${path}: there is no memory for it`);
    throw error;
  }
}
