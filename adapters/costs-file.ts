/** What steps cost on a machine, as a JSON file (docs/cost.md). */
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { COSTS, type Cost, type Costs } from "../costs/costs.ts";
import { checked } from "./complaint.ts";
import { inputError } from "./input-error.ts";
import { readJson } from "./json-file.ts";

const LARGEST_FILE = 64 * 1024;
/** A second. Longer than any step of a kernel, and short enough for sums of millions of them. */
const LONGEST = 1e9;

const ofEach = <Kind extends z.ZodType>(kind: Kind) =>
  z.strictObject(Object.fromEntries(COSTS.map((cost) => [cost, kind.optional()])));

const form = z.strictObject({
  machine: z.string().min(1).max(200),
  cpusPerSocket: z.int().min(1).max(4096).optional(),
  calibratedOn: z.array(z.string().max(100)).max(3).default([]),
  nanoseconds: ofEach(z.number().min(0).max(LONGEST)),
  sources: ofEach(z.string()).default({}),
});

const DEFAULT = fileURLToPath(new URL("../costs/opteron-2008.json", import.meta.url));

/** The costs of the Opteron of 2008. */
export const readDefaultCosts = (): Promise<Costs> => readWhole(DEFAULT);

/** A user's costs: what the file leaves out is as on the Opteron of 2008. Throws an InputError for a bad file. */
export async function readCosts(path: string): Promise<Costs> {
  const [own, others] = await Promise.all([readWhole(path), readDefaultCosts()]);
  return {
    ...others,
    ...own,
    nanoseconds: { ...others.nanoseconds, ...own.nanoseconds },
    sources: { ...others.sources, ...own.sources },
  };
}

async function readWhole(path: string): Promise<Costs> {
  const document = await readJson(path, LARGEST_FILE);
  const { cpusPerSocket, ...rest } = checked(form, document, "", (says) => inputError(path, undefined, says));
  return {
    ...rest,
    ...(cpusPerSocket === undefined ? {} : { cpusPerSocket }),
    nanoseconds: rest.nanoseconds as Record<Cost, number>,
  } as Costs;
}
