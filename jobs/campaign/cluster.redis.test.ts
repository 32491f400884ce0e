/** Explorations whose states lie on a real cluster of servers find what the local search finds. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { explore } from "../explore/explore.ts";
import { machineOf, prepare } from "../subject.ts";
import { Work } from "../work.ts";
import { BOUNDS, counted, found, LAZY_UNMAP, local } from "./exploration.testing.ts";
import { TestPlace, TestServer, until } from "./redis.testing.ts";
import { searchesOn } from "./search-tasks.ts";
import { openServer, type Server, SLOTS, slotOf } from "./server.ts";
import { exploreShared } from "./shared-exploration.ts";

describe("on a cluster, a shared exploration", () => {
  let cluster: TestPlace;
  let asked: Server;

  beforeEach(async () => {
    cluster = await TestPlace.cluster();
    asked = await openServer(cluster.address);
  });

  afterEach(async () => {
    asked.disconnect();
    await cluster.remove();
  });

  test.each([
    ["lazy-unmap", "V=3,F=2,C=2", "off"],
    ["2.6.39", "pages=4", "on"],
    ["piggin-draft-3", "pages=4", "on"],
  ] as const)(
    "of %s %s finds what two threads find, and says what each server holds",
    async (machine, scope, symmetry) => {
      const options = { scope, symmetry, workers: 2, megabytes: 1500 };
      const here = await explore(machine, options);
      const there = await explore(machine, { ...options, queue: cluster.address });
      expect(found(there)).toEqual(found(here));
      const shards = there.result.shards ?? [];
      expect(shards.map(({ server }) => server)).toEqual(cluster.hosts);
      const perServer = shards.map(({ states }) => states);
      expect(perServer.reduce((sum, states) => sum + states)).toBe(here.result.states);
      // A third each, but for the partitions at the edges.
      for (const states of perServer) expect(states / here.result.states).toBeCloseTo(1 / 3, 1);
      for (const server of cluster.servers) expect(await server.ask("DBSIZE")).toBe(0);
    },
  );

  test.each(["the server with its tasks", "another one"])(
    "is not continued where %s lost what it had, and is begun again",
    async (which) => {
      await prepare(LAZY_UNMAP.machine);
      const options = { ...BOUNDS, queue: cluster.address, workers: 1, states: 5000 };
      const machine = machineOf(LAZY_UNMAP);
      expect(await exploreShared(machine, LAZY_UNMAP, options, new Work({}))).toMatchObject({
        ended: "states",
      });
      const again = { ...options, states: 1e7 };
      const [id = ""] = await searchesOn(asked);
      const home = Math.floor((slotOf(id) * cluster.servers.length) / SLOTS);
      const lost = which === "another one" ? (home + 1) % cluster.servers.length : home;
      await cluster.servers[lost]?.ask("FLUSHALL");
      await expect(exploreShared(machine, LAZY_UNMAP, again, new Work({}))).rejects.toThrow(
        /^--queue: [\d.:]+ lost states that it had: |^--queue: the server lost a search of which there are states: /,
      );
      for (const server of cluster.servers) expect(await server.ask("DBSIZE")).toBe(0);
      expect(counted(await exploreShared(machine, LAZY_UNMAP, again, new Work({})))).toEqual(await local());
    },
  );

  test("takes no --shards beside it", async () => {
    const says = /^--shards: [\d.:]+ is of a cluster, which spreads states by itself$/;
    const alone = await TestServer.start();
    try {
      const beside = explore("lazy-unmap", { queue: cluster.address, shards: alone.host });
      await expect(beside).rejects.toThrow(says);
      const shards = `${alone.host},${cluster.hosts[1]}`;
      await expect(explore("lazy-unmap", { queue: alone.address, shards })).rejects.toThrow(says);
    } finally {
      await alone.remove();
    }
  });

  test("is refused in one line while a part of it is missing", async () => {
    await cluster.servers[2]?.kill();
    const info = async () => String(await cluster.servers[0]?.ask("CLUSTER", "INFO"));
    await until(async () => (await info()).includes("cluster_state:fail"));
    await expect(openServer(cluster.address)).rejects.toThrow(
      /^--queue redis:\/\/[\d.:]+: the cluster serves no requests: [^\n]*$/,
    );
  });
});

test("slots are those of a cluster", () => {
  // The check value of the CRC, as CLUSTER KEYSLOT gives it.
  expect(slotOf("123456789")).toBe(0x31c3);
});
