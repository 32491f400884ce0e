/** The BUG_ON alignment case as a table: which requests reach it, held to what docs/findings.md says. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { BOUNDS } from "../../engine/bounds.testing.ts";
import { explore } from "../../engine/search/explore.ts";
import { linux } from "../../kernels/vmap/index.ts";
import { pigginDraft3 } from "../../kernels/vmap/piggin-drafts.ts";
import type { State } from "../../kernels/vmap/state.ts";
import { explorableKernel } from "../../properties/vmap/explorable-kernel.ts";
import { MIDDLE, spaceScope } from "../../properties/vmap/small-scopes.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE } from "../../spec/vmap/vocabulary.ts";

const SCOPE: Scope = spaceScope({ pages: 5, sizes: 5, aligns: 4, windows: 4, at: MIDDLE });

/** By window and alignment, the sizes that stop the kernel in three commands, and in no fewer; all to the fixpoint. */
function reaching(kernel: Kernel<State>): { readonly rows: readonly string[]; readonly ended: string } {
  const machine = explorableKernel(kernel, SCOPE, { reduced: true });
  const { shortest, ended } = explore(machine, { bounds: BOUNDS, enough: () => false });
  const lengths = shortest[machine.laws.findIndex(({ id }) => id === "no-bug")] as Uint16Array;
  const sizesOf = (vstart: number, align: number) =>
    machine.commands.flatMap((command, action) =>
      command.op === "alloc" && command.vstart === vstart && command.align === align && lengths[action] === 3
        ? [command.size]
        : [],
    );
  const stopping = [...lengths].filter((length) => length > 0);
  expect(stopping.every((length) => length === 3)).toBe(true);
  const windows = [...new Map(SCOPE.windows.map((window) => [`[${window.vstart},${window.vend})`, window]))];
  return {
    ended,
    rows: windows.map(([name, { vstart }]) =>
      [name, ...[1, 2, 4, 8].map((pages) => inWords(sizesOf(vstart, pages * PAGE_SIZE)))].join(" | "),
    ),
  };
}

function inWords(sizes: readonly number[]): string {
  const each = [...new Set(sizes)];
  return each.length === 0 ? "none" : `sizes ${each[0]} to ${each.at(-1)}`;
}

describe("the BUG_ON alignment case", () => {
  test("The draft reaches the BUG_ON on the alignment by the requests that docs/findings.md lists, and by no others", () => {
    const { rows, ended } = reaching(pigginDraft3);
    const findings = readFileSync(new URL("../../docs/findings.md", import.meta.url), "utf8");
    const listed = [...findings.matchAll(/^\| (\[1[679],2[01]\) \| .*) \|$/gm)].map(([, row]) => row);
    expect(ended).toBe("fixpoint");
    expect([...rows].sort()).toEqual(listed.sort());
  });

  test("The merged form reaches the BUG_ON on the alignment by no request", () => {
    const { rows, ended } = reaching(linux("2.6.39"));
    expect(ended).toBe("fixpoint");
    for (const row of rows) expect(row).toMatch(/^\[\d+,\d+\)( \| none){4}$/);
  });
});
