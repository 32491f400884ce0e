/**
 * `drive --tree`: real trees in a process of their own, as they are and with a line changed. VMAPCHECK_TREES names their
 * directories, with a colon between two; without it, or without a compiler, nothing here can be run.
 */

import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { kernelNamed } from "../jobs/names.ts";
import type { State } from "../kernels/vmap/state.ts";
import { type Drive, type DrivenSubject, driveAtRandom } from "../properties/vmap/drive.ts";
import { drivenScopes, offeredStep } from "../properties/vmap/driven-scopes.ts";
import type { Command, Response } from "../spec/vmap/commands.ts";
import type { Kernel } from "../spec/vmap/kernel.ts";
import type { Scope } from "../spec/vmap/scope.ts";
import { canRunTrees, TREES } from "../trees/given-trees.testing.ts";
import { hasHostCompiler } from "../trees/native-build.ts";
import { readTree } from "../trees/source-tree.ts";
import type { Driven } from "../trees/vmap/driven.ts";
import { treeChild } from "../trees/vmap/tree-child.ts";
import { printedBy } from "./running.testing.ts";
import { type DriveArguments, driveVerb } from "./verbs/drive.ts";

const CAN_RUN = canRunTrees("drive --tree on real trees", hasHostCompiler);
const SMALL = { blockPages: 8, bitsPerLong: 4 };
const OPTIONS: DriveArguments = {
  ...{ seed: 1, runs: 300, deadline: 60_000, memory: 1024, fresh: false, sanitize: false, json: true },
};

async function documentOf(tree: string, more: Partial<DriveArguments> = {}) {
  const { code, out } = await printedBy(() => driveVerb([], { ...OPTIONS, tree, ...more }));
  return { code, ...JSON.parse(out) };
}

/** A copy of the tree in which this was replaced. */
function changed(directory: string, from: RegExp, to: string): string {
  const copy = mkdtempSync(join(tmpdir(), "vmapcheck-tree-"));
  for (const path of ["Makefile", ...readTree(directory).files.keys()])
    cpSync(join(directory, path), join(copy, path));
  const file = join(copy, "mm/vmalloc.c");
  const text = readFileSync(file, "utf8");
  expect(text).toMatch(from);
  writeFileSync(file, text.replace(from, to));
  return copy;
}

describe.skipIf(!CAN_RUN)("with VMAPCHECK_TREES and a compiler (skipped without):", () => {
  describe.each(TREES)("%s", (directory) => {
    test("answers 200 random histories as our model of its release does, in every field", async () => {
      const kernel = kernelNamed(readTree(directory).version as string);
      const child = treeChild(readTree(directory), SMALL, { sanitize: false, milliseconds: 600_000 });
      const hello = await child.hello();
      const beside = new Beside(child, kernel);
      const run: Drive = {
        ...{ subject: beside, promises: kernel.release, laws: [], law: undefined, name: () => [] },
        offered: (step, history) => offeredStep(step, history, hello),
        stopped: () => false,
        say: () => {},
      };
      const { histories } = await driveAtRandom(run, drivenScopes(hello, kernel.release), {
        seed: 1,
        runs: 200,
      });
      await child.end();
      expect(beside.differing).toEqual([]);
      expect(histories).toBe(200);
      expect(beside.replies).toBeGreaterThan(1000);
    });

    test("has no violation unknown to the catalogue, under sanitizers", async () => {
      const { code, accepted, known } = await documentOf(directory, { sanitize: true });
      expect([code, accepted]).toEqual([0, true]);
      expect(known.map(({ bug }: { bug: string }) => bug)).toContain("aug-align-overhead");
    });
  });

  describe.each(TREES.slice(0, 1))("%s with a line changed", (directory) => {
    test("so that it reads a block that is freed violates no-crash under ASan", async () => {
      const mutant = changed(directory, /kfree_rcu\(vb, rcu_head\);/, "kfree(vb); vb->dirty = 0;");
      const { code, law, again, steps } = await documentOf(mutant, { sanitize: true, runs: 5000 });
      expect([code, law, again]).toEqual([1, "no-crash", true]);
      expect(steps.at(-1).response.text).toMatch(/AddressSanitizer: heap-use-after-free/);
    });

    test("so that vm_unmap_aliases never ends violates answers", async () => {
      const mutant = changed(directory, /^void vm_unmap_aliases\(void\)\n\{/m, "$&\n\tfor (;;) ;");
      const { code, law } = await documentOf(mutant, { deadline: 300, law: "answers", runs: 500 });
      expect([code, law]).toEqual([1, "answers"]);
    });

    test("so that a window ends a page too late violates no-bug in two commands", async () => {
      const mutant = changed(
        directory,
        /nva_start_addr \+ size > vend\)/,
        "nva_start_addr + size > vend + 4096)",
      );
      const { code, law, step } = await documentOf(mutant, { law: "no-bug", runs: 500 });
      expect([code, law, step]).toEqual([1, "no-bug", 2]);
    });
  });
});

/** A child and our model, with the same commands: the differing replies are noted. */
class Beside implements DrivenSubject {
  readonly differing: unknown[] = [];
  replies = 0;
  readonly #child: Driven;
  readonly #kernel: Kernel<State>;
  #state: State | undefined;

  constructor(child: Driven, kernel: Kernel<State>) {
    this.#child = child;
    this.#kernel = kernel;
  }

  async begin(scope: Scope): Promise<void> {
    await this.#child.begin(scope);
    this.#state = this.#kernel.initial(scope);
  }

  async send(command: Command): Promise<Response> {
    const [answer, ours] = [await this.#child.send(command), this.#kernel.act(this.#state as State, command)];
    this.replies += 1;
    const [one, other] = [answer, ours].map(compared);
    // A touch does not call the allocator, so it has no count of lazy pages.
    const countsAlike = answer.lazyPages === undefined || answer.lazyPages === ours.lazyPages;
    if (!countsAlike || JSON.stringify(one) !== JSON.stringify(other))
      this.differing.push({ command, answer, ours });
    return answer;
  }
}

/** The fields that both report: not the words of a warning, nor the fields that only a model has. */
function compared(response: Response): readonly unknown[] {
  const { kind, flushes, pteSet, pteCleared, rcuCallbacks, workItems, usedAbsentCpu = false } = response;
  const result = [
    "start" in response && response.start,
    kind === "placed" && response.mapStopped,
    kind === "reached" && [response.hit, response.frame],
    kind === "done" && response.aliases,
  ];
  return [kind, result, flushes, pteSet, pteCleared, rcuCallbacks, workItems, usedAbsentCpu];
}
