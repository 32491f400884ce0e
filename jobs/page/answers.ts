/** What the page may ask for, by the words of its address: each is a document of some job. */
import { isInterleaving } from "../../adapters/interleaving-file.ts";
import { readJson } from "../../adapters/json-file.ts";
import { isTreeRun, type TreeRunFile, treeRunIn } from "../../adapters/tree-run-file.ts";
import { INTERLEAVED, interleavedCalled } from "../../counterexamples/interleavings.ts";
import type { Bug } from "../../spec/wing.ts";
import { toolLine } from "../names.ts";
import { VERSION } from "../package-version.ts";
import { isRecording } from "../recorded.ts";
import { onKernel, type Replay, replay, replayHistory } from "../replay.ts";
import type { ReplayedRecording } from "../replay-recording.ts";
import { spanText } from "../spans.ts";
import { isTreeName, treeName } from "../trees/trees.ts";
import { UsageError } from "../usage-error.ts";
import { OPEN_VMAP } from "../vmap/open-wing.ts";
import { allWings, bugMeant } from "../wings.ts";
import type { Watch } from "../work.ts";
import { machines, stateByHand } from "./by-hand.ts";
import type { BugEntry, Document, Film, Gallery, GalleryEntry, RunFilm, Start } from "./documents.ts";
import { bugEntry, filmOfHistory, filmOfRecording } from "./film.ts";
import { FoundHistories, type FoundHistory } from "./found.ts";
import { logDocument } from "./log-document.ts";
import { checkedSubject, matrixOfCatalogue } from "./matrix.ts";
import { filmOfRun } from "./run-film.ts";

/** What was given on the command line: nothing else of the disk is read. */
export interface Given {
  /** A file with a history, an interleaving or a recording, or the log of a kernel. */
  readonly file?: string | undefined;
  /** A bug of the catalogue. */
  readonly bug?: string | undefined;
  /** The directory of a kernel tree: to be checked, or to take the given file or bug on. */
  readonly tree?: string | undefined;
  /** What checks found since. */
  readonly found: FoundHistories;
}

/** The word that stands for the given file, or the given tree, in an address. */
const GIVEN_FILE = "file";
const GIVEN_TREE = "tree";

/** A file, a bug, or `tree:DIR`. Throws a UsageError for a bug that is none. */
export async function givenBy(word: string | undefined, tree?: string): Promise<Given> {
  const given = { tree, found: new FoundHistories() };
  if (word === undefined) return given;
  if (isTreeName(word) && tree !== undefined)
    throw new UsageError(`${word} and --tree ${tree}: which of them?`);
  if (isTreeName(word)) return { ...given, tree: word.slice("tree:".length) };
  if (/[./\\]/.test(word)) return { ...given, file: word };
  if (await isBug(word)) return { ...given, bug: word };
  throw new UsageError(
    `there is no bug ${JSON.stringify(word)}: view takes a bug, a file (./NAME), or tree:DIR`,
  );
}

const isBug = async (word: string) =>
  interleavedCalled(word) !== undefined || (await bugMeant(word)) !== undefined;

/** What is neither a history nor a recording is the log of a kernel. */
const isLog = (file: string) => !/\.jsonl?(\.gz)?$/.test(file);

/** Throws a UsageError if no log was given. */
function logOf({ file }: Given): string {
  if (file === undefined || !isLog(file)) throw new UsageError("no log was given: vmapcheck view LOG");
  return file;
}

/** Where the page begins. */
async function startOf(given: Given): Promise<Start> {
  const { bug, file, tree } = given;
  const about = { kind: "start", version: VERSION } as const;
  if (bug !== undefined) {
    const view = (await bugMeant(bug)) === undefined ? "run" : "history";
    return { ...about, given: bug, opens: `${view}?${new URLSearchParams({ target: bug })}` };
  }
  if (file !== undefined && isLog(file)) return { ...about, given: file, opens: "log" };
  if (file !== undefined) {
    const json = isRecording(file) ? undefined : await readJson(file);
    const isRun = json !== undefined && (isInterleaving(json) || isTreeRun(json));
    return { ...about, given: file, opens: `${isRun ? "run" : "history"}?target=${GIVEN_FILE}` };
  }
  return { ...about, given: tree ?? null, opens: tree === undefined ? "matrix" : "matrix?tree=1" };
}

/** The most random histories in each scope that the page may ask for. */
const MOST_RUNS = 1500;
const USUAL_RUNS = 200;

/** The document at an address. Throws a UsageError for words that name none, an InputError for a file that is wrong. */
export async function answer(
  path: string,
  words: URLSearchParams,
  given: Given,
  watch: Watch,
): Promise<Document> {
  const word = (name: string) => words.get(name) ?? undefined;
  switch (path) {
    case "start":
      return startOf(given);
    case "matrix":
      return matrixOfCatalogue();
    case "check":
      return checked(word("kernel"), word("runs"), given, watch);
    case "history":
    case "run": {
      const known = given.found.get(word("target") ?? "");
      if (known !== undefined) return filmOfFound(known, word("kernel"));
      return film(path, await targetOf(word("target"), given), word, given, watch);
    }
    case "log":
      return logDocument(logOf(given), watch);
    case "costs":
      return (await import("./costs-document.ts")).costsDocument(word("part"), word("cpus"), watch);
    case "gallery":
      return gallery();
    case "machines":
      return machines();
    case "state": {
      const path = (word("path") ?? "").split(".").filter((each) => each !== "");
      if (path.some((each) => !/^\d{1,6}$/.test(each)))
        throw new UsageError("path takes numbers between dots");
      const machine = word("machine");
      if (machine === undefined) throw new UsageError("a machine is expected");
      return stateByHand({ machine: notTree(machine), scope: word("scope"), path: path.map(Number) });
    }
    default:
      throw new UsageError(`there is nothing at ${JSON.stringify(path)}`);
  }
}

async function checked(
  kernel: string | undefined,
  runs: string | undefined,
  { tree, found }: Given,
  watch: Watch,
): Promise<Document> {
  const count = runs === undefined ? USUAL_RUNS : Number(runs);
  if (!Number.isInteger(count) || count < 0 || count > MOST_RUNS)
    throw new UsageError(`runs takes a whole number from 0 to ${MOST_RUNS}`);
  if (kernel === undefined) throw new UsageError("a kernel is expected");
  if (kernel === GIVEN_TREE && tree === undefined) throw new UsageError("no tree was given");
  const asked =
    kernel === GIVEN_TREE && tree !== undefined
      ? { kernel, tree: { directory: tree, word: GIVEN_TREE } }
      : { kernel: notTree(kernel) };
  const subject = await checkedSubject({ ...asked, runs: count, found }, watch);
  return { kind: "matrix", laws: [], subjects: subject === undefined ? [] : [subject] };
}

/** The page names a bug, or the file that was given. */
async function targetOf(target: string | undefined, { file }: Given): Promise<string> {
  if (target === GIVEN_FILE && file !== undefined) return file;
  if (target !== undefined && !/[./\\]/.test(target) && (await isBug(target))) return target;
  throw new UsageError(`there is no bug ${JSON.stringify(target ?? "")}`);
}

/** The page may not name a directory. */
function notTree(kernel: string): string {
  if (isTreeName(kernel)) throw new UsageError("a tree is named on the command line only");
  return kernel;
}

/** What a check found, on its kernel or on another one. */
async function filmOfFound(
  { wing, kernel: own, history }: FoundHistory,
  asked: string | undefined,
): Promise<Film> {
  const on = await onKernel(wing, asked === undefined || asked === own.name ? own : notTree(asked));
  const kernel = on.kernel ?? own;
  const chosen = { name: `Found by check ${own.name}`, history, kernel, bug: undefined, rerun: false };
  const replayed = replayHistory(wing, chosen, { law: undefined, called: on.called });
  return { ...filmOfHistory(replayed, ""), command: toolLine(`check ${own.name} --law ${history.law}`) };
}

async function film(
  path: "history" | "run",
  target: string,
  word: (name: string) => string | undefined,
  given: Given,
  watch: Watch,
): Promise<Film | RunFilm> {
  const { tree } = given;
  const asked = word("kernel");
  const kernel =
    asked === GIVEN_TREE && tree !== undefined
      ? treeName(tree)
      : asked === undefined
        ? undefined
        : notTree(asked);
  const law = word("law");
  const isPinned = target !== given.file;
  if (path === "run" && !isPinned) {
    const json = await readJson(target);
    if (isTreeRun(json)) return filmOnTree(target, treeRunIn(target, json), tree, watch);
  }
  const hasBoth =
    isPinned && interleavedCalled(target) !== undefined && (await bugMeant(target)) !== undefined;
  const grain = hasBoth ? (path === "run" ? "step" : "call") : undefined;
  const parts = { "--grain": grain, "--law": law, "--kernel": kernel, "--trace": word("trace") };
  const typed = Object.entries(parts).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
  const line = [target, ...typed].join(" ");
  const options = { kernel, law, grain, trace: traceIn(word("trace")) };
  const found: Replay = await replay(target, options);
  if (found.kind === "run") return filmOfRun(found, line);
  if (found.kind === "history") {
    const drawn = filmOfHistory(found, line);
    // A tree's mm/vmalloc.c takes no commands of another wing.
    return found.wing.name === OPEN_VMAP.name ? withTree(drawn, tree) : drawn;
  }
  if (found.kind !== "recording") throw new UsageError(`${target} is no history`);
  if (!("traces" in found.chosen)) return filmOfRecording(found, line, undefined);
  const { first, traces } = found.chosen;
  const shown = await replay(target, { ...options, trace: first });
  return filmOfRecording(shown as ReplayedRecording, `${line} --trace ${first}`, traces);
}

function traceIn(text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d{0,8}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new UsageError("trace takes the number of a line");
}

/** A run of a tree's own code: taken on the tree that was given, or drawn as its file has it. */
async function filmOnTree(
  path: string,
  file: TreeRunFile,
  tree: string | undefined,
  watch: Watch,
): Promise<RunFilm> {
  const films = await import("./tree-run-film.ts");
  if (tree === undefined) return films.filmOfTreeRunFile(path, file);
  const { replayTreeRun } = await import("../trees/run.ts");
  return films.filmOfTreeRun(await replayTreeRun(path, file, tree, watch));
}

/** The tree that was given is one more kernel to ask, by its word. */
function withTree(film: Film, tree: string | undefined): Film {
  if (tree === undefined) return film;
  const others = film.kernels.filter(({ name }) => name !== treeName(tree));
  const given = { name: GIVEN_TREE, listed: false };
  const kernels = film.kernel === treeName(tree) ? [given, ...others] : [...others, given];
  return { ...film, kernels };
}

// Every bug of the catalogue, with its story in three sentences and its films.

async function gallery(): Promise<Gallery> {
  const calls = new Map((await allWings()).flatMap(({ bugs }) => bugs.map((bug) => [bug.id, bug] as const)));
  const ids = [...new Set([...calls.keys(), ...INTERLEAVED.map(({ id }) => id)])];
  return { kind: "gallery", bugs: ids.map((id) => entryOf(id, calls.get(id))).sort(byNumber) };
}

/** Numbered bugs first, A1 before A10. */
function byNumber(a: GalleryEntry, b: GalleryEntry): number {
  const key = ({ number }: GalleryEntry) =>
    number === null ? "zz" : number.replace(/\d+/, (digits) => digits.padStart(3, "0"));
  return key(a).localeCompare(key(b)) || a.id.localeCompare(b.id);
}

function entryOf(id: string, calls: Bug | undefined): GalleryEntry {
  const steps = interleavedCalled(id);
  const bug = bugEntry((calls ?? steps) as NonNullable<typeof calls | typeof steps>);
  const pinned = calls?.violations ?? [];
  const runs = steps?.violations ?? [];
  const laws = [...new Set([...pinned, ...runs].map(({ law }) => law))];
  const on = new Set(pinned.flatMap((each) => each.on));
  const where = [
    ...(on.size > 0 ? [`on ${on.size === 1 ? [...on][0] : `${on.size} kernels`}`] : []),
    ...(runs.length > 0 ? ["where calls interleave"] : []),
  ];
  const films = [
    ...pinned.map(({ law, on }) => ({
      says: `${law} on ${on[0]}`,
      opens: `history?${new URLSearchParams({ target: id, law, kernel: on[0] ?? "" })}`,
    })),
    ...runs.map(({ law, protocol }) => ({
      says: `${law}, interleaved, on ${protocol}`,
      opens: `run?${new URLSearchParams({ target: id, law, kernel: protocol })}`,
    })),
  ];
  return {
    ...bug,
    story: [bug.says, spanSentence(bug), `It violates ${listed(laws)} ${where.join(", and ")}.`],
    films: films.filter(({ opens }, nth) => films.findIndex((each) => each.opens === opens) === nth),
  };
}

const listed = (all: readonly string[]) =>
  all.length < 3 ? all.join(" and ") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;

function spanSentence(bug: BugEntry): string {
  const span = spanText(bug);
  if (span.startsWith("never ")) return `It was ${span}.`;
  const [, release, by] = /^since (\S+) until \1 before its release by (.+)$/.exec(span) ?? [];
  if (release !== undefined) return `Only kernels before the release of ${release} had it, until ${by}.`;
  return /^(since|from) /.test(span) ? `Kernels have it ${span}.` : `Its repair: ${span}.`;
}
