/** Connections to Redis or Valkey servers, by their addresses. */
import { Redis } from "ioredis";
import { UsageError } from "../usage-error.ts";

/** The wait for a server's first answer, in milliseconds. */
const ANSWER_MS = 5_000;

/** A server by its address, `redis://` or `rediss://`, with user and password in it where it asks for them. */
export async function openServer(address: string, option = "--queue"): Promise<Redis> {
  const shown = shownAddress(address);
  // BullMQ asks for commands that wait as long as the server is away.
  const redis = new Redis(address, { maxRetriesPerRequest: null, lazyConnect: true });
  let last = "no answer";
  redis.on("error", (error: Error) => {
    last = error.message || (error as NodeJS.ErrnoException).code || last;
  });
  const late = new Promise<never>((_resolve, reject) => {
    setTimeout(() => reject(new Error(last)), ANSWER_MS).unref();
  });
  try {
    await Promise.race([redis.connect().then(() => redis.ping()), late]);
  } catch (error) {
    redis.disconnect();
    const { message } = error as Error;
    // What closed it was said before.
    throw new UsageError(`${option} ${shown}: ${message === "Connection is closed." ? last : message}`);
  }
  return redis;
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
  if (!/^[\w.-]+(:\d{1,5})?$/.test(host))
    throw new UsageError(`--shards takes servers such as HOST:6379,HOST:6380, not ${JSON.stringify(host)}`);
  const url = new URL(address);
  url.hostname = host.replace(/:\d+$/, "");
  url.port = /:(\d+)$/.exec(host)?.[1] ?? "";
  return url.href;
}

/** `HOST:PORT` of an address. */
export function hostOf(address: string): string {
  const { hostname, port } = new URL(address);
  return `${hostname}:${port === "" ? "6379" : port}`;
}
