/** Redis or Valkey servers that a test starts on loopback, and workers in processes of their own. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Transform } from "node:stream";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { SLOTS } from "./server.ts";

export const PASSWORD = "a-password-for-the-test";
export const MAIN: string = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const MOVED_CLOCK_OF_SERVER = fileURLToPath(new URL("./moved-clock.testing.c", import.meta.url));
const MOVED_CLOCK = new URL("./moved-clock.testing.mjs", import.meta.url).href;

/** The server's program: VMAPCHECK_REDIS names one; otherwise the first that is installed. */
const PROGRAM =
  process.env.VMAPCHECK_REDIS ??
  ["redis-server", "valkey-server"].find((name) => spawnSync(name, ["--version"]).status === 0) ??
  "redis-server";

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

/** More of a server's configuration, by its folder. */
type Words = (folder: string) => readonly string[];

/** A server bound to loopback, with a password, that keeps what it answered. */
export class TestServer {
  readonly folder: string;
  readonly port: number;
  readonly #words: readonly string[];
  #env: NodeJS.ProcessEnv = process.env;
  #child: ChildProcess | undefined;

  private constructor(folder: string, port: number, words: readonly string[]) {
    this.folder = folder;
    this.port = port;
    this.#words = words;
  }

  /**
   * @param isSecure Whether it takes connections with TLS alone.
   */
  static async start(words: Words = () => [], isSecure = false): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), "vmapcheck-redis-"));
    const port = await freePort();
    const secure = isSecure ? ["--port", "0", "--tls-port", String(port)] : [];
    const server = new TestServer(folder, port, [...secure, ...words(folder)]);
    await server.start();
    return server;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  get address(): string {
    return `redis://:${PASSWORD}@${this.host}`;
  }

  async start(): Promise<void> {
    const kept = `--requirepass ${PASSWORD} --appendonly yes --appendfsync always --dir ${this.folder}`;
    const words = ["--bind", "127.0.0.1", "--port", String(this.port), "--save", "", ...kept.split(" ")];
    this.#child = spawn(PROGRAM, [...words, ...this.#words], {
      stdio: ["ignore", "pipe", "inherit"],
      env: this.#env,
    });
    let text = "";
    for await (const chunk of this.#child.stdout ?? []) {
      text += String(chunk);
      if (text.includes("Ready to accept connections")) return;
    }
    throw new Error(`${PROGRAM} did not start: ${text}`);
  }

  async ask(command: string, ...words: readonly (string | number)[]): Promise<unknown> {
    const secure = this.#words.includes("--tls-port") ? { tls: { rejectUnauthorized: false } } : {};
    const redis = new Redis(this.port, "127.0.0.1", { password: PASSWORD, ...secure });
    try {
      return await redis.call(command, ...words);
    } finally {
      redis.disconnect();
    }
  }

  /** Its clock is wrong by this, from now on. The first time it is started again. */
  async moveClock(seconds: number): Promise<void> {
    const [clock, library] = [join(this.folder, "clock"), join(this.folder, "clock.so")];
    const wrong = Buffer.alloc(8);
    wrong.writeBigInt64LE(BigInt(seconds));
    // Not cut off first: the server reads it at any time.
    await writeFile(clock, wrong, { flag: this.#env === process.env ? "w" : "r+" });
    if (this.#env !== process.env) return;
    execFileSync("cc", ["-shared", "-fPIC", "-o", library, MOVED_CLOCK_OF_SERVER]);
    this.#env = { ...process.env, LD_PRELOAD: library, VMAPCHECK_TEST_CLOCK: clock };
    await this.kill();
    await this.start();
  }

  /** As a machine that loses its power. */
  async kill(): Promise<void> {
    if (this.#child?.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Passes on what it gets to a server, until it is cut: then every connection through it ends. */
export class TestProxy {
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();
  /** The server's. */
  target = 0;
  /** Of the next replies with this text, it passes on this many bytes, and ends their connection; 0 for all. */
  #bytes = 0;
  #text = "";
  /** How many connections it ended so. */
  cuts = 0;

  private constructor() {
    this.#listener = createServer((inner) => {
      const outer = connect(this.target, "127.0.0.1");
      const replies = new Transform({
        transform: (chunk: Buffer, _encoding, done) => {
          if (this.#bytes === 0 || !chunk.includes(this.#text)) return done(null, chunk);
          replies.push(chunk.subarray(0, this.#bytes));
          replies.push(null);
          this.#bytes = 0;
          this.cuts += 1;
        },
      });
      inner.pipe(outer);
      outer.pipe(replies).pipe(inner);
      for (const [one, other] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        this.#sockets.add(one);
        // Else a command in several segments waits 40 ms for the acknowledgement of the first.
        one.setNoDelay();
        one.on("error", () => undefined);
        one.on("close", () => {
          this.#sockets.delete(one);
          other.destroy();
        });
      }
    });
  }

  static async start(): Promise<TestProxy> {
    const proxy = new TestProxy();
    proxy.#listener.listen(0, "127.0.0.1");
    await once(proxy.#listener, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Ends the next connection that carries replies with this text, after this many of their bytes. */
  cutAfter(bytes: number, text: string): void {
    this.#bytes = bytes;
    this.#text = text;
  }

  close(): void {
    this.#listener.close();
    this.cut();
  }
}

/** A server, or several that are one cluster, each behind a proxy: clients know the proxies alone. */
export class TestPlace {
  readonly servers: TestServer[] = [];
  readonly #proxies: TestProxy[] = [];
  readonly #scheme: string;

  private constructor(isSecure: boolean) {
    this.#scheme = isSecure ? "rediss" : "redis";
  }

  static async alone(words: Words = () => [], isSecure = false): Promise<TestPlace> {
    const place = new TestPlace(isSecure);
    await place.#add(() => TestServer.start(words, isSecure));
    return place;
  }

  /** Three servers: each has a third of the slots, and no replica. */
  static async cluster(words: Words = () => [], isSecure = false): Promise<TestPlace> {
    const place = new TestPlace(isSecure);
    const count = 3;
    const slot = (nth: number) => Math.floor((nth * SLOTS) / count);
    for (let nth = 0; nth < count; nth++) {
      const bus = await freePort();
      const server = await place.#add((proxy) => {
        const announced = isSecure
          ? `--tls-cluster yes --cluster-announce-tls-port ${proxy.port}`
          : `--cluster-announce-port ${proxy.port}`;
        const cluster = `--cluster-enabled yes --cluster-node-timeout 1000 --cluster-port ${bus} ${announced}`;
        return TestServer.start((folder) => [...cluster.split(" "), ...words(folder)], isSecure);
      });
      await server.ask("CLUSTER", "ADDSLOTSRANGE", slot(nth), slot(nth + 1) - 1);
      await place.servers[0]?.ask("CLUSTER", "MEET", "127.0.0.1", server.port, bus);
    }
    for (const server of place.servers) {
      await until(async () => /_state:ok.*_size:3/s.test(String(await server.ask("CLUSTER", "INFO"))));
    }
    return place;
  }

  async #add(start: (proxy: TestProxy) => Promise<TestServer>): Promise<TestServer> {
    const proxy = await TestProxy.start();
    this.#proxies.push(proxy);
    const server = await start(proxy);
    this.servers.push(server);
    proxy.target = server.port;
    return server;
  }

  /** That of the first one. */
  get address(): string {
    return `${this.#scheme}://:${PASSWORD}@${this.hosts[0]}`;
  }

  get hosts(): readonly string[] {
    return this.#proxies.map(({ port }) => `127.0.0.1:${port}`);
  }

  cut(): void {
    for (const proxy of this.#proxies) proxy.cut();
  }

  cutAfter(bytes: number, text: string): void {
    for (const proxy of this.#proxies) proxy.cutAfter(bytes, text);
  }

  /** How many connections were ended in the middle of replies. */
  get cuts(): number {
    return this.#proxies.reduce((sum, { cuts }) => sum + cuts, 0);
  }

  async remove(): Promise<void> {
    for (const proxy of this.#proxies) proxy.close();
    for (const server of this.servers) await server.remove();
  }
}

interface WorkerWords {
  /** Whether it ends once nothing waits, or works until it is killed. */
  readonly untilEmpty?: boolean;
  /** By how many milliseconds its clock is wrong. */
  readonly clock?: number;
  readonly workers?: number;
}

/** A worker in a process of its own. */
export function startWorker(
  queue: string,
  { untilEmpty = false, clock, workers = 1 }: WorkerWords = {},
): ChildProcess {
  const words = ["campaign", "worker", "--queue", queue, "--workers", String(workers)];
  const moved = clock === undefined ? [] : ["--import", MOVED_CLOCK];
  const node = [...moved, "--import", "tsx", MAIN];
  return spawn(process.execPath, [...node, ...words, ...(untilEmpty ? ["--until-empty"] : [])], {
    stdio: "ignore",
    env: { ...process.env, VMAPCHECK_TEST_CLOCK: String(clock ?? 0) },
  });
}

/** Asks until this is so: each time a server is asked. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (;;) if (await isSo()) return;
}

export async function killWorker(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  worker.kill("SIGKILL");
  await once(worker, "exit");
}
