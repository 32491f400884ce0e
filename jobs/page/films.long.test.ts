/** Every film of the catalogue. The quick tests draw a few. */
import { expect, test } from "vitest";
import { INTERLEAVED } from "../../counterexamples/interleavings.ts";
import { allWings } from "../wings.ts";
import { answer } from "./answers.ts";
import type { Film, Gallery, RunFilm } from "./documents.ts";
import { FoundHistories } from "./found.ts";

const BUGS = (await allWings()).flatMap(({ bugs }) => [...bugs]);

const ask = <D>(address: string) => {
  const [path = "", words = ""] = address.split("?");
  return answer(path, new URLSearchParams(words), { found: new FoundHistories() }, {}) as Promise<D>;
};

/** Laws whose sentence says all there is to say of a violation. */
const SAYS_ALL = [
  "no-use-after-free",
  "cache-flushed-before-unmap",
  "usable-blocks-stay",
  "batches-bounded",
  "failed-allocation-flushes",
  "finds-areas",
  "pinned-is-unaliased",
];

test.each(BUGS.map(({ id }) => id))("Each film of %s is drawn.", async (id) => {
  const bug = (await ask<Gallery>("gallery")).bugs.find((each) => each.id === id);
  expect(bug?.story.length).toBe(3);
  for (const { opens } of bug?.films ?? []) {
    const film = await ask<Film | RunFilm>(opens);
    expect(["violated", "short"]).toContain(film.outcome);
    if (film.kind === "film" && !SAYS_ALL.includes(film.violations[0]?.id ?? ""))
      expect(film.blame?.text).toMatch(/^(?!.*(undefined|NaN|\[object))[A-Z0-9[].*[^:]$/);
    if (film.kind === "film")
      for (const { changes } of film.steps)
        for (const [, thing] of changes) {
          if (thing === null || thing.kind === "cache") continue;
          expect(film.cuts[0]).toBeLessThanOrEqual(thing.start);
          expect(film.cuts.at(-1)).toBeGreaterThanOrEqual(thing.end);
        }
  }
});

test.each(INTERLEAVED.map(({ id }) => id))(
  "The run of %s has no lock held by two CPUs, and ends violated.",
  async (id) => {
    const film = await ask<RunFilm>(`run?target=${id}`);
    expect(film.outcome).toBe("violated");
    for (const { holds, waits, idle } of film.steps) {
      const held = holds.flat();
      expect(new Set(held).size).toBe(held.length);
      for (const [cpu, waiting] of waits.entries()) expect(waiting && idle[cpu]).toBe(false);
    }
  },
);

test("An interrupt is handled by the CPU that it was sent to, after it was sent.", async () => {
  const films = await Promise.all(INTERLEAVED.map(({ id }) => ask<RunFilm>(`run?target=${id}`)));
  const sent = films.flatMap(({ steps }) =>
    steps.flatMap(({ sends }, nth) => sends.map(({ to, step }) => ({ nth, to, step, steps }))),
  );
  expect(sent.length).toBeGreaterThan(0);
  for (const { nth, to, step, steps } of sent) {
    if (step === null) continue;
    expect(step).toBeGreaterThan(nth);
    expect(steps[step]?.cpu).toBe(to);
  }
});
