/** Connections to Redis or Valkey servers, and to clusters of them, by their addresses. */
import { Cluster, Redis } from "ioredis";
import { UsageError } from "../usage-error.ts";

/** One server, or the cluster that it belongs to: commands go to the server that has their key. */
export type Server = Redis | Cluster;

/** The wait for a server's first answer, in milliseconds. */
const ANSWER_MS = 5_000;
/** Between two tries where a cluster moves a key, or has lost the server that had it. */
const RETRY_MS = 50;

/**
 * A server by its address, `redis://` or `rediss://`, with user and password in it where it asks for them. Where it
 * belongs to a cluster, that is opened.
 */
export async function openServer(address: string, option = "--queue"): Promise<Server> {
  const shown = shownAddress(address);
  const refused = (why: string) => new UsageError(`${option} ${shown}: ${why}`);
  // BullMQ asks for commands that wait as long as the server is away.
  const redis = new Redis(address, { maxRetriesPerRequest: null, lazyConnect: true });
  const text = await firstAnswer(redis, () => redis.info("cluster"), refused);
  if (!text.includes("cluster_enabled:1")) return redis;
  const state = await firstAnswer(redis, async () => String(await redis.cluster("INFO")), refused);
  redis.disconnect();
  if (!state.includes("cluster_state:ok"))
    throw refused("the cluster serves no requests: CLUSTER INFO does not say cluster_state:ok");
  const cluster = clusterOf(redis);
  await firstAnswer(cluster, () => cluster.ping(), refused);
  return cluster;
}

/** The cluster of this server. Its commands wait as long as one of its servers is away. */
function clusterOf({ options: { host, port, username, password, tls } }: Redis): Cluster {
  return new Cluster([{ host, port }], {
    redisOptions: { username, password, tls, maxRetriesPerRequest: null },
    // A certificate is for the name by which the cluster calls a server.
    dnsLookup: (name, found) => found(null, name),
    lazyConnect: true,
    maxRedirections: Number.POSITIVE_INFINITY,
    retryDelayOnMoved: RETRY_MS,
    retryDelayOnFailover: RETRY_MS,
  });
}

/** A server's first answer; if there is none, it is closed. */
async function firstAnswer<T>(
  server: Server,
  ask: () => Promise<T>,
  refused: (why: string) => UsageError,
): Promise<T> {
  let last = "no answer";
  server.on("error", (error: Error) => {
    last = error.message || (error as NodeJS.ErrnoException).code || last;
  });
  const late = new Promise<never>((_resolve, reject) => {
    setTimeout(() => reject(new Error(last)), ANSWER_MS).unref();
  });
  try {
    if (server.status === "wait") await Promise.race([server.connect(), late]);
    return await Promise.race([ask(), late]);
  } catch (error) {
    server.disconnect();
    const { message } = error as Error;
    // What closed it was said before.
    throw refused(message === "Connection is closed." ? last : message);
  }
}

/** Another connection to the same server. Without it, this one tries again, as the other does. */
export function connectionBeside(server: Server): Server {
  const another: Server = server instanceof Cluster ? server.duplicate() : server.duplicate();
  return another.on("error", () => undefined);
}

/** The slots of a cluster, which it spreads over its servers. */
export const SLOTS = 2 ** 14;

/** The slot of all keys with this tag, `{TAG}`: a CRC of 16 bits, that of XMODEM. */
export function slotOf(tag: string): number {
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc % SLOTS;
}

/** `HOST:PORT` of the server that has this slot, if it is one of a cluster. */
export function holderOf(server: Server, slot: number): string {
  if (server instanceof Cluster) return server.slots[slot]?.[0] ?? "a server of the cluster";
  return `${server.options.host}:${server.options.port}`;
}

/** A server's own words where it has no memory left, or may not be written to; undefined for another error. */
export function refusalOf({ message }: Error): string | undefined {
  return /^(OOM|MISCONF|NOPERM|READONLY|NOAUTH|WRONGTYPE) /.test(message) ? message : undefined;
}

/** Without its password. Throws a UsageError for what is no address of a server. */
function shownAddress(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !["redis:", "rediss:"].includes(url.protocol))
    throw new UsageError("--queue takes an address such as redis://HOST:6379 or rediss://USER:PASSWORD@HOST");
  return `${url.protocol}//${url.host}`;
}

/** The address of another server, HOST:PORT, with what else the first one's says: protocol, user and password. */
export function addressBeside(address: string, host: string): string {
  const [, name, port = ""] = /^([\w.-]+)(?::(\d{1,5}))?$/.exec(host) ?? [];
  // A URL keeps the port that it had where a number is too large.
  if (name === undefined || Number(port) > 65_535)
    throw new UsageError(`--shards takes servers such as HOST:6379,HOST:6380, not ${JSON.stringify(host)}`);
  const url = new URL(address);
  url.hostname = name;
  url.port = port;
  return url.href;
}

/** `HOST:PORT` of an address. */
export function hostOf(address: string): string {
  const { hostname, port } = new URL(address);
  return `${hostname}:${port === "" ? "6379" : port}`;
}
