/** Every bug of the catalogue, with its story in three sentences and its films. */
import { INTERLEAVED, interleavedCalled } from "../../counterexamples/interleavings.ts";
import type { Bug } from "../../spec/wing.ts";
import { spanText } from "../spans.ts";
import { allWings } from "../wings.ts";
import type { BugEntry, Gallery, GalleryEntry } from "./documents.ts";
import { bugEntry } from "./film.ts";

export async function gallery(): Promise<Gallery> {
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
