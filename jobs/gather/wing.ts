/** The wing gather (mmu_gather), as far as words go. */
import { BUGS } from "../../counterexamples/gather/index.ts";
import { KERNELS, kernelCalled } from "../../kernels/gather/index.ts";
import { LABELS, PREFIX } from "../../spec/gather/bibliography.ts";
import { LAWS } from "../../spec/gather/laws/index.ts";
import type { GatherTerms } from "../../spec/gather/terms.ts";
import type { Wing } from "../../spec/wing.ts";

export const GATHER: Wing<GatherTerms> = {
  name: "gather",
  laws: LAWS,
  kernels: KERNELS,
  bugs: BUGS,
  kernelCalled: (word) => kernelCalled(word) ?? BUGS.find(({ id }) => id === word)?.changed,
  whyNoKernel: whyNoGather,
  askedAs: (_word, { name }) => name,
};

/** The recorded neighbours of a version that was not recorded; undefined for any other word. */
function whyNoGather(word: string): string | undefined {
  const version = word.slice(PREFIX.length);
  if (!word.startsWith(PREFIX) || !/^\d+(\.\d+)+$/.test(version)) return undefined;
  const age = (label: string) => label.localeCompare(version, "en", { numeric: true });
  const around = [LABELS.findLast((label) => age(label) < 0), LABELS.find((label) => age(label) > 0)];
  const names = around.flatMap((label) => (label === undefined ? [] : PREFIX + label));
  return `it was not recorded; its recorded neighbours: ${names.join(", ")}`;
}
