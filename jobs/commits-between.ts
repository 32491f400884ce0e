/** The commits that separate two kernels given by name. */
import { changesBetween, type Difference } from "../kernels/versions.ts";
import type { Change } from "../spec/vmap/change.ts";
import { versionOf } from "../spec/vmap/change.ts";
import { changeText } from "./versions.ts";

/** Undefined if one of the two is no release: a draft, or a kernel with one step replaced. */
export function commitsBetween([one, other]: readonly [string, string]): Difference | undefined {
  const [before, after] = [versionOf(one), versionOf(other)];
  return before === undefined || after === undefined ? undefined : changesBetween(before, after);
}

/** A paragraph; "" if there is no commit to name. */
export function commitsText(names: readonly [string, string]): string {
  const between = commitsBetween(names);
  if (between === undefined) return "";
  const { gained, lost } = between;
  const lines = (has: string, hasNot: string, changes: readonly Change[]) =>
    changes.length === 0
      ? []
      : [`${has} has, and ${hasNot} has not:`, ...changes.map((each) => `  ${changeText(each)}`)];
  const [one, other] = names;
  return [...lines(other, one, gained), ...lines(one, other, lost)].join("\n");
}

/** In a table of pairs: one line for each. */
export function commitsLine(names: readonly [string, string]): string {
  const between = commitsBetween(names);
  const commits =
    between === undefined ? [] : [...between.gained, ...between.lost].map(({ commit }) => commit);
  return commits.join(", ");
}
