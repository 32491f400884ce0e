/**
 * Real trees in a process of their own. VMAPCHECK_TREES names their directories, with a colon between two; without it, or
 * without a compiler, nothing here can be run.
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { compareReply } from "../../adapters/vmap/conform.ts";
import { readRecording, type Trace } from "../../adapters/vmap/recording.ts";
import type { Response } from "../../spec/vmap/commands.ts";
import type { Dump } from "../../spec/vmap/kernel.ts";
import { AREAS_ONLY, type Scope, WORD64 } from "../../spec/vmap/scope.ts";
import { canRunTrees, TREES } from "../given-trees.testing.ts";
import { hasHostCompiler } from "../native-build.ts";
import { readTree } from "../source-tree.ts";
import type { Driven } from "./driven.ts";
import { dumpOf, treeChild } from "./tree-child.ts";

const CAN_RUN = canRunTrees("real trees in a process of their own", hasHostCompiler);
const RECORDINGS = fileURLToPath(new URL("../../adapters/vmap/recordings/", import.meta.url));
const PATIENT = 600_000;
/** The whole recording is that of jobs/trees/trees.test.ts, on the same code in this process. */
const EVERY = { plain: 5, sanitized: 15 };

const children: Driven[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await child.end();
});

function childOf(
  directory: string,
  scope: { blockPages: number; bitsPerLong: number },
  sanitize = false,
): Driven {
  const child = treeChild(readTree(directory), scope, { sanitize, milliseconds: PATIENT });
  children.push(child);
  return child;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The recording of a tree's release. */
function recordingOf(directory: string): string | undefined {
  const [major, minor] = (readTree(directory).version ?? "").split(".");
  const file = `${RECORDINGS}${major}.${minor}.jsonl.gz`;
  return existsSync(file) ? file : undefined;
}

/** Where a child's replies differ from a trace's: the first command, and in which fields. */
async function difference(child: Driven, { scope, exchanges, written }: Trace) {
  const { config } = written as { readonly config?: { readonly vmalloc_end: string } };
  await child.begin(scope, { endsInside: config?.vmalloc_end.endsWith("fff") === true });
  let lazyPages: number | undefined;
  for (const [index, exchange] of exchanges.entries()) {
    const response: Response = await child.send(exchange.command);
    lazyPages = response.lazyPages ?? lazyPages;
    const dumped: Writable<Dump> =
      exchange.dump === undefined ? NO_DUMP : await dumpOf(child, scope, lazyPages);
    // A release without pools has none in its dumps.
    if (exchange.dump?.pool === undefined && dumped.pool?.length === 0) dumped.pool = undefined;
    const fields = compareReply(exchange, response, dumped);
    if (fields.length > 0) return { index, command: exchange.command, fields };
  }
  return undefined;
}

const NO_DUMP: Writable<Dump> = {
  areas: [],
  lazyPages: undefined,
  cache: undefined,
  blocks: [],
  freeLists: [],
};

/** Two CPUs and blocks of 8 pages. */
const SMALL: Scope = {
  ...AREAS_ONLY,
  ...{ name: "small", wordPages: WORD64, cpus: 2, lazyMaxPages: 16, blockPages: 8, bitsPerLong: 4 },
  ...{ vmalloc: { vstart: 64, vend: 104 }, sizes: [], aligns: [], windows: [] },
};

describe.skipIf(!CAN_RUN)("with VMAPCHECK_TREES and a compiler (skipped without):", () => {
  describe.each(TREES)("%s", (directory) => {
    test.each([false, true])(
      "answers as traces of its release's recording do, in every field (sanitized: %s)",
      async (sanitize) => {
        const file = recordingOf(directory);
        if (file === undefined) return;
        const byBlock = new Map<number, Driven>();
        let traces = 0;
        const differing: unknown[] = [];
        const every = sanitize ? EVERY.sanitized : EVERY.plain;
        let nth = 0;
        for await (const trace of readRecording(file)) {
          if (nth++ % every !== 0) continue;
          const { blockPages, bitsPerLong } = trace.scope;
          const child = byBlock.get(blockPages) ?? childOf(directory, { blockPages, bitsPerLong }, sanitize);
          byBlock.set(blockPages, child);
          const differs = await difference(child, trace);
          if (differs !== undefined) differing.push({ line: trace.line, ...differs });
          traces += 1;
        }
        expect(differing).toEqual([]);
        expect(traces).toBeGreaterThan(200 / every);
      },
    );

    test("returns to a saved state when that is restored", async () => {
      const child = childOf(directory, SMALL);
      await child.begin(SMALL);
      const map = { op: "mapRam", cpu: 1, count: 3 } as const;
      const rest = async () => [await child.send(map), await child.send({ op: "unmapAliases" })];
      expect((await child.send(map)).kind).toBe("placed");
      const [saved, before] = [await child.save(), await child.request("dump")];
      const answers = await rest();
      expect(await child.request("dump")).not.toBe(before);
      await child.restore(saved);
      expect(await child.request("dump")).toBe(before);
      expect(await rest()).toEqual(answers);
    });
  });
});
