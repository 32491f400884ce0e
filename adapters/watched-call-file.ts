/**
 * A call on a tree's own code that violated a law of contexts and masks, as a file: who called, in which situation, which
 * of its allocations of memory failed; and who else was asked, as a law may be about the calls of several.
 */
import { z } from "zod";
import { CONTEXTS, type Context, MASKS } from "../spec/vmap/concepts.ts";
import { checked } from "./complaint.ts";
import { inputError } from "./input-error.ts";

/** A caller, with its mask by name. */
interface CallerInFile {
  readonly context: Context;
  readonly mask: string;
}

export interface WatchedCallFile extends CallerInFile {
  /** The version of the tree that it was found on. */
  readonly tree: string;
  /** The directory of that tree. */
  readonly directory?: string | undefined;
  readonly law: string;
  readonly watched: string;
  readonly situation: string;
  /** Which of its allocations of memory fails, from 1; 0 for none. */
  readonly fails: number;
  /** All who were asked for. */
  readonly vmalloc: readonly CallerInFile[];
  readonly vfree: readonly Context[];
}

const VERSION = 1;
const context = z.enum(CONTEXTS);
const mask = z.string().refine((name) => MASKS.some((each) => each.name === name), {
  error: `expected one of ${MASKS.map(({ name }) => name).join(", ")}`,
});
const format = z.strictObject({
  vmapcheck: z.literal(VERSION),
  tree: z.string().max(200),
  directory: z.string().max(4096).optional(),
  law: z.string().min(1).max(200),
  watched: z.string().min(1).max(200),
  context,
  mask,
  situation: z.string().min(1).max(200),
  fails: z.int().nonnegative().max(1e6),
  vmalloc: z.array(z.strictObject({ context, mask })).max(100),
  vfree: z.array(context).max(100),
});

/** Whether a document is meant as such a call. */
export function isWatchedCall(json: unknown): boolean {
  return typeof json === "object" && json !== null && "watched" in json;
}

/** The call in a document read from there. Throws an InputError that says what is wrong and where. */
export function watchedCallIn(path: string, json: unknown): WatchedCallFile {
  const { vmapcheck: _version, ...call } = checked(format, json, "", (says) =>
    inputError(path, undefined, says),
  );
  return call;
}

export const formatWatchedCall = (call: WatchedCallFile): string =>
  `${JSON.stringify({ vmapcheck: VERSION, ...call }, undefined, 2)}\n`;
