/** Redis servers that a test starts on loopback, and workers in processes of their own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const PASSWORD = "a-password-for-the-test";
const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

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

  static async start(words: (folder: string) => readonly string[] = () => []): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), "vmapcheck-redis-"));
    const server = new TestServer(folder, await freePort(), words(folder));
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

/** A worker in a process of its own, which works until it is killed; or, with these words, until nothing waits. */
export function startWorker(queue: string, ...words: string[]): ChildProcess {
  const all = ["campaign", "worker", "--queue", queue, "--workers", "1", ...words];
  return spawn(process.execPath, ["--import", "tsx", MAIN, ...all], { stdio: "ignore" });
}

export async function killWorker(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  worker.kill("SIGKILL");
  await once(worker, "exit");
}
