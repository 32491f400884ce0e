/**
 * What several CPUs call at once, as it is typed: `x = map 1; y = map 1 : unmap y | unmap x; aliases`. What stands before
 * the colon is called before all else, alone. Then come the CPUs, with a bar between two, each with its calls in their
 * order.
 */
import { InputError } from "../../adapters/input-error.ts";
import type { Command, CommandName } from "../../spec/vmap/commands.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import { PAGE_SIZE, type Pages } from "../../spec/vmap/vocabulary.ts";

/** As shim/lanes.h has them. */
export const LANES = 5;
export const WORKER = LANES - 1;
export const MOST_CALLS = 24;
export const MOST_PAGES = 32;

/** What a call is by shim/drive.h, and by the specification. */
const VERBS = {
  map: { op: 4, means: "mapRam", kind: "gives" },
  unmap: { op: 5, means: "unmapRam", kind: "takes" },
  alloc: { op: 2, means: "alloc", kind: "gives" },
  free: { op: 3, means: "free", kind: "takes" },
  vmap: { op: 6, means: "vmap", kind: "gives" },
  vunmap: { op: 3, means: "free", kind: "takes" },
  aliases: { op: 11, means: "unmapAliases", kind: "alone" },
  purge: { op: 10, means: "purge", kind: "alone" },
  shrink: { op: 13, means: "purge", kind: "alone" },
  show: { op: 14, means: "find", kind: "alone" },
  read: { op: 15, means: "find", kind: "alone" },
  find: { op: 16, means: "find", kind: "looks" },
} as const satisfies Record<string, { op: number; means: CommandName; kind: string }>;

export type Verb = keyof typeof VERBS;
const TAKES: Readonly<Record<string, Verb>> = { unmap: "map", free: "alloc", vunmap: "vmap", find: "vmap" };

export interface Call {
  readonly cpu: number;
  /** Called before all else. */
  readonly setup: boolean;
  readonly verb: Verb;
  /** Of what it asks for. */
  readonly pages: Pages;
  /** The call whose pages it takes, or looks for; or -1. */
  readonly takes: number;
  /** As a run names it. */
  readonly says: string;
}

export interface Calls {
  readonly text: string;
  readonly cpus: number;
  readonly calls: readonly Call[];
}

const FORM =
  'expected calls such as "x = map 1; y = map 1 : unmap y | unmap x; aliases": map, vmap or alloc with a number of pages; unmap, vunmap or free of what one of these gave; find of what a vmap gave; aliases; purge; shrink; show; read';

/** Throws an InputError that says which call is none. */
export function parseCalls(text: string): Calls {
  const parts = text.split(":");
  if (parts.length > 2) throw new InputError(`--calls: one colon is expected, after the setup; ${FORM}`);
  const lanes = (parts.at(-1) as string).split("|");
  if (lanes.length > WORKER) throw new InputError(`--calls: at most ${WORKER} CPUs, not ${lanes.length}`);
  const named = new Map<string, number>();
  const written = [
    ...(parts.length === 2
      ? wordsOf(parts[0] as string).map((words) => ({ setup: true, ...onCpu(words) }))
      : []),
    ...lanes.flatMap((lane, cpu) => wordsOf(lane).map((words) => ({ setup: false, cpu, words }))),
  ];
  if (written.length === 0 || written.length > MOST_CALLS)
    throw new InputError(`--calls: from 1 to ${MOST_CALLS} calls, not ${written.length}; ${FORM}`);
  const read = written.map(({ words, ...where }, nth) => {
    const { name, ...rest } = readCall(words);
    if (name !== undefined) {
      if (named.has(name)) throw new InputError(`--calls: ${name} is given twice`);
      named.set(name, nth);
    }
    return { ...where, ...rest };
  });
  const taken = new Set<number>();
  const calls = read.map(({ of, ...call }, nth): Call => {
    const { kind } = VERBS[call.verb];
    if (kind !== "takes" && kind !== "looks") return { ...call, takes: -1 };
    const gives = TAKES[call.verb];
    const before = (other: number) => read[other]?.verb === gives && (kind === "looks" || !taken.has(other));
    const own = [...read.keys()].filter(
      (other) =>
        other < nth && before(other) && (read[other]?.setup === true || read[other]?.cpu === call.cpu),
    );
    const takes = of === undefined ? own.at(-1) : named.get(of);
    if (takes === undefined || !before(takes))
      throw new InputError(
        `--calls: ${JSON.stringify(call.says)} takes what a ${gives} gave that nothing else takes, and there is none`,
      );
    if (kind === "takes") taken.add(takes);
    return { ...call, takes };
  });
  const cpus = Math.max(lanes.length, ...calls.map(({ cpu }) => cpu + 1));
  return { text: text.trim().replaceAll(/\s+/g, " "), cpus, calls };
}

/** The words of each call. */
function wordsOf(lane: string): readonly string[][] {
  return lane
    .split(";")
    .map((call) => call.replace("=", " = ").trim())
    .filter((call) => call !== "")
    .map((call) => call.split(/\s+/));
}

/** `on 1 map 1`, of the setup: on that CPU; by itself on CPU 0. */
function onCpu(words: readonly string[]): { readonly cpu: number; readonly words: readonly string[] } {
  const [on, cpu = ""] = words;
  if (on !== "on") return { cpu: 0, words };
  if (!/^[0-3]$/.test(cpu))
    throw new InputError(`--calls: on takes a CPU from 0 to 3, not ${JSON.stringify(cpu)}`);
  return { cpu: Number(cpu), words: words.slice(2) };
}

function readCall(words: readonly string[]) {
  const name = words[1] === "=" ? words[0] : undefined;
  const [verb = "", argument, ...more] = name === undefined ? words : words.slice(2);
  const says = (name === undefined ? words : words.slice(2)).join(" ");
  const refuse = () => new InputError(`--calls: ${JSON.stringify(words.join(" "))} is no call; ${FORM}`);
  if (!isVerb(verb) || more.length > 0 || (name !== undefined && !/^[a-z]\w*$/i.test(name))) throw refuse();
  const { kind } = VERBS[verb];
  const pages = kind === "gives" ? Number(argument) : 0;
  if (kind === "gives" && !(Number.isInteger(pages) && pages >= 1 && pages <= MOST_PAGES)) throw refuse();
  if ((kind === "alone" && argument !== undefined) || (kind !== "gives" && name !== undefined))
    throw refuse();
  return { verb, pages, name, of: kind === "gives" ? undefined : argument, says };
}

const isVerb = (word: string): word is Verb => Object.hasOwn(VERBS, word);

/** The line that tells the child of it. */
export function callLine({ cpu, setup, verb, takes, pages }: Call): string {
  return `call ${setup ? LANES + cpu : cpu} ${VERBS[verb].op} ${takes} ${pages}`;
}

/** The command of the specification that it is, of a page where it takes one. */
export function commandOf(
  { verb, cpu, pages }: Call,
  start: number,
  { vmalloc }: Pick<Scope, "vmalloc">,
): Command {
  switch (VERBS[verb].means) {
    case "mapRam":
    case "vmap":
    case "alloc":
      // Judged by the pages that it was given, wherever its area ends: an allocation of just these.
      return { op: "alloc", cpu, size: pages, align: PAGE_SIZE, ...vmalloc, map: true };
    case "unmapRam":
      return { op: "unmapRam", cpu, start, count: pages };
    case "free":
      return { op: "free", start };
    case "unmapAliases":
      return { op: "unmapAliases" };
    default:
      return { op: "purge" };
  }
}
