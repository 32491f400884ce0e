/** Kernel versions in their order: where one that is not modelled lies among those that are. */

/** Of each modelled kernel, the labels it goes by. */
type Labels = readonly (readonly string[])[];

interface Version {
  readonly label: string;
  readonly numbers: readonly number[];
  /** All labels of its kernel. */
  readonly labels: readonly string[];
}

/** `7.2 (= 6.19)`: a label, and the others of the same kernel. */
export function withOthers(label: string, labels: readonly string[]): string {
  const others = labels.filter((each) => each !== label);
  return others.length === 0 ? label : `${label} (= ${others.join(" = ")})`;
}

/** Where a version lies among the modelled ones, as the end of a sentence; undefined for a word of any other kind. */
export function placeOf(word: string, kernels: Labels): string | undefined {
  const numbers = numbersIn(word);
  if (numbers === undefined) return undefined;
  const versions = inOrder(kernels);
  const same = versions.find((each) => compare(each.numbers, numbers) === 0);
  if (same !== undefined) return `did you mean ${same.label}?`;
  const below = versions.findLast((each) => compare(each.numbers, numbers) < 0);
  const above = versions.find((each) => compare(each.numbers, numbers) > 0);
  if (below === undefined) return above && `it is older than the oldest, ${text(above)}`;
  if (above === undefined) return `it is newer than the newest, ${text(below)}`;
  if (below.labels === above.labels)
    return `it lies between ${below.label} and ${above.label}, which are one kernel here, the nearest`;
  return `it lies between ${text(below)} and ${text(above)}, the nearest`;
}

function text({ label, labels }: Version): string {
  return withOthers(label, labels);
}

/** Those whose label is a version and nothing more: no drafts, no distribution's tree. Oldest first. */
function inOrder(kernels: Labels): Version[] {
  const versions = kernels.flatMap((labels) =>
    labels.flatMap((label) => {
      const numbers = numbersIn(label);
      return numbers === undefined ? [] : [{ label, numbers, labels }];
    }),
  );
  return versions.sort((a, b) => compare(a.numbers, b.numbers));
}

/** `6.6` or `v6.6`, as numbers. */
function numbersIn(word: string): readonly number[] | undefined {
  return /^v?\d+(\.\d+)+$/.test(word) ? word.replace("v", "").split(".").map(Number) : undefined;
}

/** Below 0 if the first is older. A number that is missing counts as 0. */
function compare(one: readonly number[], other: readonly number[]): number {
  const length = Math.max(one.length, other.length);
  for (let nth = 0; nth < length; nth++) {
    const difference = (one[nth] ?? 0) - (other[nth] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
