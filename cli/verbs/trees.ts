/** `trees`: what is known of kernel trees: version, probes, constants, stubs, and by what each is judged. */
import { factsOfTree, openTree, type TreeFacts } from "../../jobs/trees/trees.ts";
import { UsageError } from "../../jobs/usage-error.ts";
import { PROBES } from "../../trees/vmap/probes.ts";
import { AS_EXPECTED } from "../exit.ts";
import { columns, print } from "../output.ts";

export interface TreesOptions {
  readonly json: boolean;
}

export function treesVerb(directories: readonly string[], { json }: TreesOptions): number {
  if (directories.length === 0) throw new UsageError("trees takes the directories of kernel trees");
  const trees = directories.map((directory) => factsOfTree(openTree(directory, undefined)));
  if (json) console.log(JSON.stringify({ trees }));
  else print(trees.map(textOf).join("\n\n"));
  return AS_EXPECTED;
}

function textOf({ directory, version, as, assumed, probes, constants, stubs }: TreeFacts): string {
  const saysOf = (macro: string) => PROBES.find(({ name }) => name === macro)?.says ?? macro;
  const rows = Object.entries(probes).map(([macro, holds]) => ["", holds ? "yes" : "no", saysOf(macro)]);
  const { mapLimit, blockPages } = constants;
  return [
    `${directory}: ${version ?? "no version in its Makefile"}, judged by the promises of ${as} unless another is named`,
    ...assumed.map((line) => `  ${line}`),
    "probes, each an expression that compiles or does not:",
    columns(rows),
    `constants: words of 32 bits, pages of 4096 bytes, 8 CPUs at most; VMAP_MAX_ALLOC and VMAP_BBMAP_BITS as the scope has them, ${mapLimit} and ${blockPages} where it has none`,
    `undefined functions, which are reported when they are called: ${stubs.length === 0 ? "none" : stubs.join(", ")}`,
  ].join("\n");
}
