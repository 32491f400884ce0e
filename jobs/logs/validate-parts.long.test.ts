/** Logs that lack some of their events, as kernels without these probes print them: judged, and not violated. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Log } from "../../adapters/vmap/logs/log.ts";
import { Validator } from "../../properties/vmap/log/validator.ts";
import type { LogEvent, LogFacts } from "../../spec/vmap/log.ts";

const FOLDER = fileURLToPath(new URL("../../adapters/vmap/logs/fixtures/", import.meta.url));
const LOGS = readdirSync(FOLDER).filter((name) => name.includes(".trace."));

describe("a part of the events", () => {
  const TRACEPOINTS = ["allocated", "freed", "purged"];
  const ENTRIES = [
    "alloc entry",
    "alloc return",
    "free entry",
    "purge entry",
    "purge return",
    "flush",
    "decay",
  ];
  const without =
    (...kinds: string[]) =>
    ({ kind }: LogEvent) =>
      !kinds.includes(kind);
  const PARTS: readonly (readonly [string, (event: LogEvent) => boolean])[] = [
    ["the tracepoints alone", without(...ENTRIES)],
    ["the kprobes alone", without(...TRACEPOINTS)],
    ["no entries of frees", without("free entry")],
    ["no allocations by kprobes", without("alloc entry", "alloc return")],
    ["no flushes", without("flush")],
    ["no entries of purges", without("purge entry", "purge return")],
    ["no returns of purges", without("purge return")],
    ["only what comes after line 900", ({ line }) => line > 900],
    ["kprobes after line 900", ({ line, kind }) => line > 900 || !ENTRIES.includes(kind)],
  ];
  const facts: LogFacts = { cpus: 4, bits: 64, clock: "seconds" };

  test.each(LOGS.flatMap((log) => PARTS.map(([what, keep]) => [log, what, keep] as const)))(
    "Laws are judged, and none is violated, in %s with %s",
    async (name, _what, keep) => {
      const validator = new Validator(() => facts);
      for await (const event of new Log(join(FOLDER, name)).events())
        if (keep(event) || event.kind === "lost") validator.see(event);
      validator.end();
      const { violations, tallies } = validator.space.account;
      expect(violations).toEqual([]);
      expect([...tallies.values()].filter(({ judged }) => judged > 0)).not.toEqual([]);
    },
  );
});
