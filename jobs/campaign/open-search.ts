/** A shared search as its asker describes it on the home server, and as a worker opens it. */
import { createHash } from "node:crypto";
import { endianness } from "node:os";
import { Cluster } from "ioredis";
import { z } from "zod";
import { CheckpointError } from "../../engine/search/checkpoint.ts";
import { initialFound } from "../../engine/search/partitions.ts";
import type { Visitable } from "../../engine/search/visitable.ts";
import { behaviourOf } from "../../engine/transitions.ts";
import { namedIn, ownerForm, ownerOf } from "../explore/saved-search.ts";
import { machineOf, type SubjectRef } from "../subject.ts";
import { UsageError } from "../usage-error.ts";
import { SearchStates } from "./search-states.ts";
import { SearchTasks } from "./search-tasks.ts";
import { addressBeside, hostOf, openServer, type Server } from "./server.ts";

/** Partitions of a search: more than its workers, so that all have something to do. */
export const PARTITIONS = 32;
/** A worker that has not said for this long that it works on a task has lost it. */
const LEASE_MS = 15_000;
/** Raised when tasks are written or keys are named otherwise (search-scripts.ts). */
const LAYOUT = 2;

const aboutForm = z.strictObject({
  owner: ownerForm,
  /** As of `behaviourOf`. */
  behaviour: z.string(),
  byteOrder: z.literal(endianness()),
  partitions: z
    .int()
    .min(1)
    .max(1024)
    .refine((count) => Number.isInteger(Math.log2(count))),
  /** The servers of the partitions, HOST:PORT, in turn; none for the home server, whose name each machine has its own for. */
  hosts: z.array(z.string().regex(/^[\w.:[\]-]+:\d+$/)),
  leaseMs: z.int().min(100),
  layout: z.literal(LAYOUT),
});
export type About = z.infer<typeof aboutForm>;

export interface SharedSearch {
  readonly tasks: SearchTasks;
  readonly states: SearchStates;
}

export interface OpenSearch extends SharedSearch {
  readonly about: About;
  readonly machine: Visitable;
  close(): void;
}

/** Describes a search of a machine. The same question, law included, on the same servers has the same id. */
export function describeSearch(
  ref: SubjectRef,
  shards: readonly string[],
  leaseMs: number = LEASE_MS,
): { readonly id: string; readonly about: About } {
  const about: About = {
    owner: ownerOf(ref),
    behaviour: behaviourOf(machineOf(ref)),
    byteOrder: endianness(),
    partitions: PARTITIONS,
    hosts: shards.map(hostOf),
    leaseMs,
    layout: LAYOUT,
  };
  return { id: createHash("sha256").update(JSON.stringify(about)).digest("hex").slice(0, 16), about };
}

/** The servers of the partitions, by the home server's address. */
async function openServers({ hosts }: About, queue: string, home: Server): Promise<readonly Server[]> {
  if (hosts.length === 0) return [home];
  refuseCluster(home, hostOf(queue));
  const opened: Server[] = [];
  try {
    for (const host of hosts)
      opened.push(host === hostOf(queue) ? home : await openServer(addressBeside(queue, host), "--shards"));
    for (const [nth, server] of opened.entries()) refuseCluster(server, hosts[nth] as string);
    return opened;
  } catch (error) {
    for (const each of opened) if (each !== home) each.disconnect();
    throw error;
  }
}

function refuseCluster(server: Server, host: string): void {
  if (server instanceof Cluster)
    throw new UsageError(`--shards: ${host} is of a cluster, which spreads states by itself`);
}

export async function openSearch(
  queue: string,
  home: Server,
  id: string,
  about: About,
  machine: Visitable,
): Promise<OpenSearch> {
  const servers = await openServers(about, queue, home);
  return {
    tasks: new SearchTasks(id, home),
    states: new SearchStates(id, servers, about.partitions),
    about,
    machine,
    close: () => {
      for (const each of servers) if (each !== home) each.disconnect();
    },
  };
}

/** Opens a search by what is written of it on the home server. Throws a UsageError where this version cannot work for it. */
export async function openDescribed(
  queue: string,
  home: Server,
  id: string,
): Promise<OpenSearch | undefined> {
  const status = await new SearchTasks(id, home).status();
  if (status === undefined) return undefined;
  const wrong = (why: string) => new UsageError(`search ${id} on the server: ${why}`);
  try {
    const { success, data: about } = aboutForm.safeParse(JSON.parse(status.about));
    if (!success) throw wrong("it is described otherwise than by this version");
    const ref = await namedIn(about.owner);
    const machine = machineOf(ref);
    if (behaviourOf(machineOf(ref)) !== about.behaviour)
      throw wrong("its machine does otherwise than this version's");
    return await openSearch(queue, home, id, about, machine);
  } catch (error) {
    if (error instanceof CheckpointError || error instanceof SyntaxError) throw wrong(error.message);
    throw error;
  }
}

/**
 * Begins a search, or continues it: from what leads to the initial state. Throws a UsageError where its states are of
 * another run, which the home server has lost.
 */
export async function beginSearch(
  search: OpenSearch,
  {
    ends,
    bound,
    waitingBytes,
  }: { readonly ends: string; readonly bound: number; readonly waitingBytes?: number | undefined },
): Promise<void> {
  const { tasks, states, about, machine } = search;
  const { partition, found } = initialFound(machine, about.partitions);
  const run = await tasks.run();
  const left = await states.prepare(run);
  if (left !== undefined) {
    await removeSearch(search, left);
    throw new UsageError(
      "--queue: the server lost a search of which there are states: they are removed; keep its append-only file on",
    );
  }
  await states.push(partition, 0, found, run);
  await tasks.begin(JSON.stringify(about), ends, bound, `m:0:0:${partition}:1:0`, run, waitingBytes);
}

/** Removes all of a search that has begun this many rounds from its servers. */
export async function removeSearch({ tasks, states }: SharedSearch, rounds: number): Promise<void> {
  await tasks.remove();
  await states.remove(rounds);
}
