/** Whatever fails between a campaign, its workers and a real Redis server, the report is the same. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { planIn } from "../../adapters/campaign-file.ts";
import { explore } from "../explore.ts";
import { machineOf, prepare, type SubjectRef } from "../subject.ts";
import { Work } from "../work.ts";
import { runCampaign } from "./campaign.ts";
import { killWorker, MAIN, PASSWORD, startWorker, TestProxy, TestServer } from "./redis.testing.ts";
import { type CampaignReport, reportOn } from "./report.ts";
import { openServer } from "./server.ts";
import { exploreShared } from "./shared-exploration.ts";
import { searchesOn } from "./shared-search.ts";
import { runTask, tasksOf } from "./tasks.ts";

const HOUR = 3_600_000;
let server: TestServer;
let proxy: TestProxy;
let redis: Redis;
const workers: ChildProcess[] = [];

beforeEach(async () => {
  server = await TestServer.start();
  proxy = await TestProxy.start(server);
  redis = await openServer(server.address);
});

afterEach(async () => {
  for (const worker of workers.splice(0)) await killWorker(worker);
  redis.disconnect();
  proxy.close();
  await server.remove();
});

function start(clock?: number): ChildProcess {
  const worker = startWorker(proxy.address, clock === undefined ? {} : { clock });
  workers.push(worker);
  return worker;
}

const FAULTS = {
  "a worker is killed at each result": async (nth: number) => {
    await killWorker(workers[nth % workers.length] as ChildProcess);
    start();
  },
  "the network is cut": async () => proxy.cut(),
  "the server is killed and started again": async () => {
    await server.kill();
    await server.start();
  },
  "the clocks of workers are hours apart": async (nth: number) => {
    await killWorker(workers[0] as ChildProcess);
    start(nth % 2 === 0 ? -HOUR : HOUR);
  },
};

const plan = planIn("plan.json", {
  vmapcheck: 1,
  name: "night",
  seed: 3,
  jobs: [
    { kind: "check", subject: "2.6.37", runs: 5, seeds: 3 },
    { kind: "hunt", bug: "A7", runs: 20_000, seeds: 2 },
    { kind: "explore", machine: "2.6.28", scope: "pages=4,windows=1" },
    { kind: "explore", machine: "lazy-unmap" },
  ],
});

const withoutTimes = ({ jobs, ...report }: CampaignReport) => ({
  ...report,
  jobs: jobs.map(({ seconds: _, ...rest }) => rest),
});

describe("a campaign has the same report, and each result once, although", () => {
  test.each(Object.entries(FAULTS))("%s", async (_says, fault) => {
    const running = runCampaign(plan, { queue: proxy.address });
    start();
    start();
    for (let nth = 1; nth < 4; nth++) {
      while ((await redis.hlen("vmapcheck:results:night")) < nth) await redis.ping();
      await fault(nth);
    }
    const results = [];
    for (const task of tasksOf(plan)) results.push(await runTask(task));
    expect(withoutTimes(await running)).toEqual(withoutTimes(reportOn(plan, results)));
  });
});

const LAZY_UNMAP: SubjectRef = {
  machine: "lazy-unmap",
  parameters: { V: 3, F: 2, C: 2 },
  merged: false,
  orders: "all",
};

describe("a shared exploration has the counts of a local one, although", () => {
  test.each(Object.entries(FAULTS))("%s", async (_says, fault) => {
    await prepare(LAZY_UNMAP.machine);
    const options = { queue: proxy.address, workers: 0, states: 1e7, ends: "any", bytes: 1e9, leaseMs: 500 };
    const running = exploreShared(machineOf(LAZY_UNMAP), LAZY_UNMAP, options, new Work({}));
    start();
    start();
    for (let nth = 1; nth < 4; nth++) {
      const levels = async () => {
        const [id] = await searchesOn(redis);
        return id === undefined ? 0 : redis.llen(`vmapcheck:search:{${id}}:levels`);
      };
      while ((await levels()) < 5 * nth) await redis.ping();
      await fault(nth);
    }
    const { states, edges, depth } = (await explore("lazy-unmap", { scope: "V=3,F=2,C=2", symmetry: "off" }))
      .result;
    expect(await running).toMatchObject({ states, edges, depth, ended: "fixpoint" });
  });
});

describe("a server with TLS and a password", () => {
  test("is used by who trusts its certificate, and refused in one line by who does not", async () => {
    const secure = await TestServer.start((folder) => {
      const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
      const subject = ["-subj", "/CN=vmapcheck test", "-addext", "subjectAltName=IP:127.0.0.1"];
      const words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...subject];
      execFileSync("openssl", [...words, "-keyout", key, "-out", certificate], { stdio: "ignore" });
      return ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no"];
    }, true);
    try {
      const address = `rediss://:${PASSWORD}@${secure.host}`;
      await expect(openServer(address)).rejects.toThrow(
        /^--queue rediss:\/\/127\.0\.0\.1:\d+: self-signed certificate$/,
      );
      const path = join(secure.folder, "plan.json");
      writeFileSync(path, JSON.stringify({ vmapcheck: 1, ...plan }));
      const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(secure.folder, "certificate.pem") };
      const vmapcheck = async (...words: string[]) => {
        const all = ["--import", "tsx", MAIN, ...words, "--queue", address, "--workers", "1", "--json"];
        const child = spawn(process.execPath, all, { env, stdio: ["ignore", "pipe", "ignore"] });
        workers.push(child);
        let text = "";
        for await (const chunk of child.stdout) text += String(chunk);
        return JSON.parse(text);
      };
      expect(await vmapcheck("campaign", "run", path)).toMatchObject({
        open: [],
        totals: { "as expected": 7 },
      });
      expect(await vmapcheck("explore", "lazy-unmap")).toMatchObject({ states: 4547, ended: "fixpoint" });
    } finally {
      await secure.remove();
    }
  });
});
