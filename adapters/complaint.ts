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

/** Where it is wrong, what would be right, and what is there: `jobs[0].runs: expected a number, not "2"`. */
function complaintOf(issues: readonly Issue[], prefix: string): string {
  const [first] = issues;
  if (first === undefined) return prefix;
  const issue = tightest(first, issues);
  const where = placeOf(prefix, first.path);
  const says = wordsOf(issue);
  if (isMissing(issue) && where !== "")
    return `${first.path.length === 1 && prefix === "" ? `the key "${where}"` : where} is missing: ${says}`;
  const isPlain = issue.code === "custom" || issue.code === "unrecognized_keys";
  const not = isPlain ? "" : `, not ${valueText(inputOf(issue))}`;
  return `${where === "" ? "" : `${where}: `}${says}${not}`;
}

function placeOf(prefix: string, path: readonly PropertyKey[]): string {
  const parts = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`));
  return `${prefix}${parts.join("")}`.replace(/^\./, "");
}

const LONGEST_VALUE = 40;

/** A value as JSON has it; of a long one its beginning, and of a list or an object only that it is one. */
function valueText(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? "nothing");
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}...` : text;
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

/** What was expected, in words. */
function wordsOf(issue: Issue): string {
  const words = expectedBy(issue) ?? inWords(issue.message);
  if (issue.code === "too_big") return `${words}${asPowerOfTwo(issue.maximum)}`;
  return issue.code === "invalid_value" && issue.path.at(-1) === "vmapcheck"
    ? `${words}, the version of the format`
    : words;
}

/** What zod says, and what a reader understands. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/^(Invalid \w+|Too big|Too small): (?=expected|must)/, ""],
  [/^must be a/, "expected a"],
  [/^must match pattern/, "expected a text that matches"],
  [/^Invalid discriminator value. Expected/, "expected one of"],
  [/^Unrecognized key: (.*)$/, "the key $1 is not known here"],
  [/^Unrecognized keys: (.*)$/, "the keys $1 are not known here"],
  [/, received \S+$/, ""],
  [/(?<=^expected )(string|number)\b/, "a $1"],
  [/(?<=^expected )array\b/, "a list"],
  [/(?<=^expected )tuple\b/, "a list"],
  [/(?<=^expected )(object|record)\b/, "an object"],
  [/(?<=^expected )int\b/, "a whole number"],
  [/(?<=^expected )boolean\b/, "true or false"],
  [/ to (?:be|have) <=(\S+)/, " of at most $1"],
  [/ to (?:be|have) >=(\S+)/, " of at least $1"],
  [/ to be <(\S+)/, " below $1"],
  [/ to be >(\S+)/, " above $1"],
  [/\b1 (item|character)s$/, "1 $1"],
  [/(?<=["'])(?:\||\s\|\s)(?=["'])/g, ", "],
];

const inWords = (message: string): string =>
  PHRASES.reduce((text, [from, to]) => text.replace(from, to), message);

const isMissing = (issue: Issue): boolean => issue.code !== "custom" && inputOf(issue) === undefined;

/** The value that is wrong. If one field gives the kind of an object, the issue has the object. */
function inputOf(issue: Issue): unknown {
  return issue.code === "invalid_union" && issue.discriminator !== undefined
    ? Object(issue.input)[issue.discriminator]
    : issue.input;
}

/** Of several forms, what each expects: zod says only that none fits. */
function expectedBy(issue: Issue): string | undefined {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return undefined;
  const each = issue.errors.flatMap(([first]) => (first === undefined ? [] : first.message));
  const expected = each.map((says) => inWords(says).replace(/^.*expected /, ""));
  return issue.message === "Invalid input" ? `expected ${[...new Set(expected)].join(" or ")}` : undefined;
}

function asPowerOfTwo(bound: number | bigint): string {
  const log = Math.log2(Number(bound));
  return log >= 20 && Number.isInteger(log) ? ` (2^${log})` : "";
}
