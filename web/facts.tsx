/** The state beside a picture: the machine, and where each frame is mapped and translated. */
import { Fragment } from "preact";
import { useMemo } from "preact/hooks";
import type { Film, Thing } from "../jobs/page/documents.ts";
import { page } from "../spec/vmap/vocabulary.ts";
import type { Things } from "./player.ts";

/** The most frames that are listed. */
const MOST_FRAMES = 24;

export function Facts({
  things,
  lazyPages,
  film: { facts },
}: {
  readonly things: Things;
  readonly lazyPages: number | null;
  readonly film: Film;
}) {
  const frames = useMemo(() => framesOf(things), [things]);
  return (
    <section class="facts" aria-label="The state">
      <dl>
        {lazyPages === null ? null : (
          <>
            <dt>lazy pages</dt>
            <dd>{lazyPages}</dd>
          </>
        )}
        {facts.map(([name, text]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </Fragment>
        ))}
      </dl>
      {frames.length === 0 ? null : (
        <table>
          <caption>Frames, those that are stale first</caption>
          <thead>
            <tr>
              <th scope="col">frame</th>
              <th scope="col">PTE at</th>
              <th scope="col">translated by</th>
            </tr>
          </thead>
          <tbody>
            {frames.slice(0, MOST_FRAMES).map(({ frame, ptes, tlbs, stale }) => (
              <tr key={frame} class={stale ? "stale" : ""}>
                <th scope="row">
                  {frame}
                  {stale ? " (stale)" : ""}
                </th>
                <td>{ptes.join(", ") || "-"}</td>
                <td>{tlbs.join(", ") || "-"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {frames.length >= MOST_FRAMES ? <p>{MOST_FRAMES} frames are listed; there may be more.</p> : null}
    </section>
  );
}

interface FrameFacts {
  readonly frame: number;
  readonly ptes: string[];
  readonly tlbs: string[];
  stale: boolean;
}

function framesOf(things: Things): readonly FrameFacts[] {
  const frames = new Map<number, FrameFacts>();
  const factsOf = (frame: number) => {
    const known = frames.get(frame) ?? { frame, ptes: [], tlbs: [], stale: false };
    frames.set(frame, known);
    return known;
  };
  const pages = (thing: Thing): number => {
    if (thing.kind === "area") return thing.mapped;
    if (thing.kind === "map") return thing.held ? thing.count : 0;
    return thing.kind === "dead" && thing.ptes !== "gone" ? thing.end - thing.start : 0;
  };
  for (const thing of things.values()) {
    if (thing.kind !== "tlb") continue;
    const facts = factsOf(thing.frame);
    facts.tlbs.push(`CPU ${thing.cpu} at ${page(thing.start)}`);
    facts.stale ||= thing.dead;
  }
  for (const thing of things.values()) {
    const count = pages(thing);
    if (count === 0 || !("frame" in thing)) continue;
    for (let nth = 0; nth < count; nth++) {
      const isStale = thing.kind === "dead";
      // Where there are many, those that are neither stale nor translated are left out.
      if (frames.size >= MOST_FRAMES && !isStale && !frames.has(thing.frame + nth)) continue;
      const facts = factsOf(thing.frame + nth);
      facts.ptes.push(page(thing.start + nth));
      facts.stale ||= isStale;
    }
  }
  return [...frames.values()].sort((a, b) => Number(b.stale) - Number(a.stale) || a.frame - b.frame);
}
