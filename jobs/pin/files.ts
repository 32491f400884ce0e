/** The pinned histories of a violation, the place of a new one, and the entries that the catalogue then needs. */
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isInterleaving } from "../../adapters/interleaving-file.ts";
import { readJson } from "../../adapters/json-file.ts";
import { lastPlayed, replay } from "../../engine/run/stepper.ts";
import type { LawId } from "../../spec/contract.ts";
import {
  type Bug,
  type HistoryFile,
  judgedAlsoBy,
  type Kernel,
  type OpenWing,
  type PinnedViolation,
  type Terms,
} from "../../spec/wing.ts";
import { namesOf } from "../hunt-target.ts";
import { kernelIn } from "../wings.ts";
import { pinnedFile, readHistory } from "./pinned.ts";

/** The folder of a wing's catalogue, and of what `pin` files, below the working directory. */
export const folderOf = ({ name }: { readonly name: string }): string => `counterexamples/${name}`;

/** A history that is pinned. */
export interface Pinned<T extends Terms = Terms> {
  readonly path: string;
  readonly commands: number;
  /** The catalogue's entry; absent if there is none. */
  readonly entry?: PinnedViolation<T>;
}

/** A violation that was shrunk. */
export interface Shrunk<T extends Terms = Terms> {
  readonly kernel: Kernel<T>;
  readonly law: LawId;
  readonly bug: Bug<T> | undefined;
  readonly history: HistoryFile<T>;
}

/** The decision on it. `needs`: further entries to write, and where. */
export interface Filing {
  /** Filed before, as short or shorter: nothing is to be filed then. */
  readonly already: Pinned | undefined;
  /** The file to write it to, or that has it already. */
  readonly path: string;
  /** The longer history that it replaces. */
  readonly replaces: Pinned | undefined;
  readonly needs: readonly string[];
}

export function alreadyText({ path, commands }: Pinned): string {
  return `nothing filed: this violation is pinned already in ${commands} command${commands === 1 ? "" : "s"}, ${path}`;
}

/** The catalogue's pinned histories of a bug that violates this law on this kernel, the shortest first. */
export async function pinnedFor(
  wing: OpenWing,
  bug: Bug,
  law: LawId,
  kernel: string,
): Promise<readonly Pinned[]> {
  const all = await Promise.all(
    bug.violations
      .filter((each) => each.law === law && isFiled(wing, bug, each))
      .map((each) => pinnedIn(wing, bug, each)),
  );
  return shortestFirst(all.filter(({ entry }) => entry?.on.includes(kernel)));
}

/** Whether an entry's file is there: a new bug has none yet. */
const isFiled = (wing: OpenWing, bug: Bug, entry: PinnedViolation) =>
  existsSync(pinnedFile(bug, entry, wing.name));

async function pinnedIn(wing: OpenWing, bug: Bug, entry: PinnedViolation): Promise<Pinned> {
  const path = pinnedFile(bug, entry, wing.name);
  const { commands } = await readHistory(wing, path);
  return { path: relative(process.cwd(), path), commands: commands.length, entry };
}

const shortestFirst = (pinned: readonly Pinned[]) => pinned.toSorted((a, b) => a.commands - b.commands);

/** Decides the place of a shrunk history: none, if the same violation is pinned in as few commands. */
export async function filingOf(wing: OpenWing, shrunk: Shrunk): Promise<Filing> {
  const { bug, law, kernel, history } = shrunk;
  const catalogue = folderOf(wing);
  const folder = join(catalogue, bug?.id ?? `unknown-${law}-${kernel.name}`);
  const [best] = shortestFirst(await sameViolations(wing, shrunk, folder));
  const length = history.commands.length;
  if (best !== undefined && best.commands <= length) {
    const isListed = best.entry === undefined || best.entry.on.includes(kernel.name);
    const label = `${entryOf(catalogue, `${bug?.id}`)}: ${JSON.stringify(kernel.name)} in \`on\` of the entry of ${best.entry?.pinned}`;
    return { already: best, path: best.path, replaces: undefined, needs: isListed ? [] : [label] };
  }
  if (best !== undefined && canReplace(wing, best, shrunk)) {
    const path = best.entry === undefined ? best.path : join(folder, best.entry.pinned);
    return { already: undefined, path, replaces: best, needs: needsOfShorter(catalogue, shrunk, best) };
  }
  const path = freeName(folder, law);
  return { already: undefined, path, replaces: undefined, needs: needsOfNew(catalogue, shrunk, path) };
}

/** Every pinned history that violates the law here by the same bug: of the catalogue, or filed in this folder before. */
async function sameViolations(wing: OpenWing, shrunk: Shrunk, folder: string): Promise<readonly Pinned[]> {
  const { bug, law } = shrunk;
  const entries = bug?.violations.filter((each) => each.law === law) ?? [];
  const known =
    bug === undefined
      ? []
      : await Promise.all(
          entries.filter((each) => isFiled(wing, bug, each)).map((each) => pinnedIn(wing, bug, each)),
        );
  const isKnown = (path: string) => known.some((each) => resolve(each.path) === resolve(path));
  const filed = await Promise.all(
    (await historiesIn(folder)).filter((path) => !isKnown(path)).map((path) => asPinned(wing, path)),
  );
  const same: Pinned[] = [];
  for (const pinned of [...known, ...filed]) {
    const history = await readHistory(wing, pinned.path);
    if (violatesWithLast(wing, shrunk, shrunk.kernel, history)) same.push(pinned);
  }
  return same;
}

async function asPinned(wing: OpenWing, path: string): Promise<Pinned> {
  return { path, commands: (await readHistory(wing, path)).commands.length };
}

async function historiesIn(folder: string): Promise<readonly string[]> {
  if (!existsSync(folder)) return [];
  const paths = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => join(folder, name));
  const documents = await Promise.all(paths.map((path) => readJson(path)));
  return paths.filter((_path, nth) => !isInterleaving(documents[nth]));
}

/** Whether a history violates the law on a kernel, by the same bug, with its last command. */
function violatesWithLast(
  wing: OpenWing,
  { law, bug }: Shrunk,
  on: Kernel,
  { scope, commands }: HistoryFile,
): boolean {
  const kernel = judgedAlsoBy(on, law);
  const last = lastPlayed(wing.bench(kernel, scope), commands, law);
  if (last?.index !== commands.length - 1) return false;
  return namesOf(wing, kernel, last, { scope, commands }).some(
    (each) => each.law === law && each.known === bug?.id,
  );
}

/** Whether it replaces the longer one: it violates the law wherever that one does, and not on the repaired kernel. */
function canReplace(wing: OpenWing, { entry }: Pinned, shrunk: Shrunk): boolean {
  if (entry === undefined) return true;
  const { law, history } = shrunk;
  if (!entry.on.every((label) => violatesWithLast(wing, shrunk, kernelIn(wing, label), history)))
    return false;
  const played = replay(wing.bench(judgedAlsoBy(entry.repaired, law), history.scope), history.commands);
  return played.length === history.commands.length && played.every(({ violated }) => violated.length === 0);
}

/** The first free name: a pinned file is overwritten only by a history that replaces it. */
function freeName(folder: string, law: LawId): string {
  for (let number = 1; ; number++) {
    const path = join(folder, number === 1 ? `${law}.json` : `${law}.${number}.json`);
    if (!existsSync(path)) return path;
  }
}

const lengthsIn = (folder: string) => `${folder}/counterexamples.test.ts: SHORTEST_KNOWN`;

/** The space in which nothing shorter is, for a wing that has a list of them. */
function spacesIn(folder: string, text: string): readonly string[] {
  const file = `${folder}/shortest-spaces.testing.ts`;
  const isThere = existsSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)));
  return isThere ? [`${file}: SHORTEST_SPACES, ${text}`] : [];
}

function needsOfShorter(
  folder: string,
  { bug, history }: Shrunk,
  { entry, commands }: Pinned,
): readonly string[] {
  if (bug === undefined || entry === undefined) return [];
  return [
    `${lengthsIn(folder)}, ${JSON.stringify(bug.id)}: ${history.commands.length} in place of ${commands}`,
    ...spacesIn(
      folder,
      `${JSON.stringify(bug.id)}, ${JSON.stringify(entry.pinned)}: a space that has this history`,
    ),
  ];
}

/** A bug's entry, in one of the tables of its wing. */
const entryOf = (folder: string, id: string): string => `${folder}, the entry of ${JSON.stringify(id)}`;

/** The entries by which the catalogue's tests accept a new file: they refuse a file without an entry. */
function needsOfNew(folder: string, { bug, law, kernel, history }: Shrunk, path: string): readonly string[] {
  const id = JSON.stringify(bug?.id ?? "<slug>");
  const file = JSON.stringify(basename(path));
  const entry = `{ law: ${JSON.stringify(law)}, on: [${JSON.stringify(kernel.name)}], pinned: ${file}, repaired: ... }`;
  const lists = [
    `${lengthsIn(folder)}, ${id}: ${history.commands.length} at the place of that entry`,
    ...spacesIn(folder, `${id}: ${file} and a space`),
  ];
  if (bug?.violations.some((each) => each.law === law && each.pinned === basename(path)) === true)
    return lists;
  if (bug !== undefined) return [`${entryOf(folder, bug.id)}: ${entry} in \`violations\``, ...lists];
  return [
    `a name: ${dirname(path)} renamed to ${folder}/<slug>, an entry of it in a table of ${folder}, with ${entry} (CONTRIBUTING.md)`,
    ...lists,
  ];
}
