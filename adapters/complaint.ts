/** A document from outside checked by its form, and the first thing wrong with it in words. */
import type { z } from "zod";

/** The document as its form has it. Throws the error that `refuse` makes of the first fault and the path to it. */
export function checked<Form extends z.ZodType>(
  form: Form,
  document: unknown,
  prefix: string,
  refuse: (says: string) => Error,
): z.output<Form> {
  // With its input an issue distinguishes a missing field from a wrong one.
  const { success, data, error } = form.safeParse(document, { reportInput: true });
  if (success) return data;
  throw refuse(complaintOf(error.issues, prefix));
}

type Issue = z.core.$ZodIssue;

function complaintOf(issues: readonly Issue[], prefix: string): string {
  const [first] = issues;
  if (first === undefined) return prefix;
  const path = first.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`));
  const where = `${prefix}${path.join("")}`.replace(/^\./, "");
  const says = wordsOf(tightest(first, issues));
  return where === "" ? says : `${where}: ${says}`;
}

/** Of several bounds that one number passes, the nearest: zod has one of its own, for all whole numbers. */
function tightest(first: Issue, issues: readonly Issue[]): Issue {
  if (first.code !== "too_big") return first;
  let nearest = first;
  for (const each of issues) {
    if (each.code !== "too_big" || each.path.join() !== first.path.join()) continue;
    if (each.maximum < nearest.maximum) nearest = each;
  }
  return nearest;
}

function wordsOf(issue: Issue): string {
  const words = issue.message
    .replace(/^(Invalid input|Invalid option|Too big|Too small): /, "")
    .replace(/^Invalid discriminator value. E/, "Invalid value: e");
  if (isMissing(issue))
    return `is missing: ${expectedBy(issue) ?? words.replace(/, received undefined$|^Invalid value: /g, "")}`;
  if (issue.code === "too_big") return `${words}${asPowerOfTwo(issue.maximum)}`;
  return expectedBy(issue) ?? words;
}

/** If one field gives the kind of an object, the issue has the object. */
function isMissing(issue: Issue): boolean {
  if (issue.code !== "invalid_union" || issue.discriminator === undefined)
    return issue.input === undefined && issue.code !== "custom";
  return Object(issue.input)[issue.discriminator] === undefined;
}

/** Of several forms, what each expects: zod says only that none fits. */
function expectedBy(issue: Issue): string | undefined {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return undefined;
  const each = issue.errors.flatMap(([first]) => (first === undefined ? [] : first.message));
  const expected = each.map((says) => says.replace(/^.*expected (.*?)(, received .*)?$/, "$1"));
  return issue.message === "Invalid input" ? `expected ${[...new Set(expected)].join(" or ")}` : undefined;
}

function asPowerOfTwo(bound: number | bigint): string {
  const log = Math.log2(Number(bound));
  return log >= 20 && Number.isInteger(log) ? ` (2^${log})` : "";
}
