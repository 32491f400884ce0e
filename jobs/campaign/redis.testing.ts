/** Redis servers that a test starts on loopback, and workers in processes of their own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const PASSWORD = "a-password-for-the-test";
export const MAIN: string = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const MOVED_CLOCK = new URL("./moved-clock.testing.mjs", import.meta.url).href;

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

/** A server bound to loopback, with a password, that keeps what it answered. */
export class TestServer {
  readonly folder: string;
  readonly port: number;
  readonly #words: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(folder: string, port: number, words: readonly string[]) {
    this.folder = folder;
    this.port = port;
    this.#words = words;
  }

  /**
   * @param words More of its configuration, by its folder.
   * @param isSecure Whether it takes connections with TLS alone.
   */
  static async start(words: (folder: string) => readonly string[] = () => [], isSecure = false) {
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
    this.#child = spawn("redis-server", [...words, ...this.#words], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    for await (const chunk of this.#child.stdout ?? []) {
      text += String(chunk);
      if (text.includes("Ready to accept connections")) return;
    }
    throw new Error(`redis-server did not start: ${text}`);
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
  /** How many connections were cut. */
  cuts = 0;

  private constructor(port: number) {
    this.#listener = createServer((inner) => {
      const outer = connect(port, "127.0.0.1");
      for (const [one, other] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        this.#sockets.add(one);
        one.on("error", () => undefined);
        one.on("close", () => {
          this.#sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
  }

  static async start({ port }: TestServer): Promise<TestProxy> {
    const proxy = new TestProxy(port);
    proxy.#listener.listen(0, "127.0.0.1");
    await once(proxy.#listener, "listening");
    return proxy;
  }

  get address(): string {
    return `redis://:${PASSWORD}@127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.cuts += this.#sockets.size;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#listener.close();
    this.cut();
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

export async function killWorker(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  worker.kill("SIGKILL");
  await once(worker, "exit");
}
