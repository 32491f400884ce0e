/** `trees`: what is known of kernel trees: version, probes, constants, stubs, and by what each is judged. */
import { openTree, type TreeSubject } from "../../jobs/trees.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import { PROBES } from "../../trees/vmap/probes.ts";
import { ANY_BLOCKS } from "../../trees/vmap/tree-kernel.ts";
import { AS_EXPECTED } from "../exit.ts";
import { columns, print } from "../output.ts";

export function treesVerb(directories: readonly string[], { json }: { readonly json: boolean }): number {
  if (directories.length === 0) throw new UsageError("trees takes the directories of kernel trees");
  const subjects = directories.map((directory) => openTree(directory, undefined));
  if (json) console.log(JSON.stringify({ trees: subjects.map(asJson) }));
  else print(subjects.map(textOf).join("\n\n"));
  return AS_EXPECTED;
}

const ASKED = PROBES.filter(({ required }) => !required);

function asJson({ tree, built, as, assumed }: TreeSubject) {
  const { holds, stubs } = built.facts;
  return {
    directory: tree.directory,
    version: tree.version ?? null,
    as,
    assumed,
    probes: Object.fromEntries(ASKED.map(({ name }) => [name, holds.includes(name)])),
    constants: ANY_BLOCKS,
    stubs,
  };
}

function textOf(subject: TreeSubject): string {
  const { tree, built, as, assumed } = subject;
  const { holds, stubs } = built.facts;
  const rows = ASKED.map(({ name, says }) => ["", holds.includes(name) ? "yes" : "no", says]);
  return [
    `${tree.directory}: ${tree.version ?? "no version in its Makefile"}, judged by the promises of ${as} unless another is named`,
    ...assumed.map((line) => `  ${line}`),
    "probes, each an expression that compiles or does not:",
    columns(rows),
    `constants: words of 32 bits, pages of 4096 bytes, 8 CPUs at most; VMAP_MAX_ALLOC and VMAP_BBMAP_BITS as the scope has them, ${ANY_BLOCKS.mapLimit} and ${ANY_BLOCKS.blockPages} where it has none`,
    `functions that nobody supplies, and that say so when they are called: ${stubs.length === 0 ? "none" : stubs.join(", ")}`,
  ].join("\n");
}
