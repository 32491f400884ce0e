/** A history, step by step: the address space after each, and why the last step violates its law. */
import { Fragment } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { Film, Thing } from "../../jobs/page/documents.ts";
import { page } from "../../spec/vmap/vocabulary.ts";
import { useFilmKeys } from "../keys.ts";
import { axisOf, firstView, following } from "../map/axis.ts";
import { AddressMap } from "../map/map.tsx";
import { kindsOf, rowsOf, withGuards } from "../map/rows.ts";
import { BugText, CommandLine, nameOfBug, Stepper, Waiting } from "../parts.tsx";
import { Player, type Things } from "../player.ts";
import { addressOf, linkTo, noteAddress } from "../route.ts";
import { holds, useDocument } from "../source.ts";
import { StepList } from "../step-list.tsx";

interface ViewProps {
  readonly words: URLSearchParams;
}

export function HistoryView({ words }: ViewProps) {
  const [target, law, kernel] = ["target", "law", "kernel"].map((name) => words.get(name));
  const address = addressOf("history", { target, law, kernel });
  const loaded = useDocument(address, "film");
  const step = words.get("step");
  return (
    <Waiting loaded={loaded}>
      {(film) => (
        <FilmView
          key={address}
          film={film}
          address={{ target: target ?? "", law: law ?? null, kernel: kernel ?? null }}
          from={step === null ? film.steps.length : Number(step)}
        />
      )}
    </Waiting>
  );
}

interface Address {
  readonly target: string;
  readonly law: string | null;
  readonly kernel: string | null;
}

interface FilmProps {
  readonly film: Film;
  readonly address: Address;
  readonly from: number;
}

function FilmView({ film, address, from }: FilmProps) {
  const { steps, violations, bug, blame } = film;
  const last = steps.length;
  const player = useMemo(() => new Player(film), [film]);
  const axis = useMemo(() => axisOf(film.cuts), [film]);
  const kinds = useMemo(() => {
    const all = steps.flatMap(({ changes }) => changes.flatMap(([, thing]) => thing ?? []));
    return kindsOf(all, film.cpus);
  }, [film]);
  const [position, setPosition] = useState(Math.max(0, Math.min(last, Number.isNaN(from) ? last : from)));
  const [view, setView] = useState(() => firstView(axis, steps[Math.max(0, position - 1)]?.focus ?? []));
  const go = (to: number) => {
    setPosition(to);
    setView((now) => following(axis, now, steps[to - 1]?.focus ?? []));
    noteAddress(addressOf("history", { ...address, step: String(to) }));
  };
  useFilmKeys({ position, last, go });
  const things = useMemo(() => player.at(position), [player, position]);
  const rows = useMemo(() => {
    const { now, gone } = player.changedAt(position);
    return withGuards(rowsOf(things, now, gone, kinds), film.guard);
  }, [things]);
  const pins = useMemo(
    () => steps.flatMap(({ laws }, nth) => (laws.length > 0 ? [nth + 1] : [])).slice(0, 500),
    [film],
  );
  const step = steps[position - 1];
  const isLast = position === last;
  const cache = things.get("cache");
  const marks = isLast && blame !== null ? blame.marks.slice(0, 9) : [];
  return (
    <article class="film">
      <h1>
        {bug === null ? film.name : nameOfBug(bug)} <small>on {film.kernel}</small>
      </h1>
      <p class={`verdict ${film.outcome}`}>{film.verdict}</p>
      {film.about.map((line) => (
        <p key={line}>{line}</p>
      ))}
      {bug === null ? null : <BugText bug={bug} />}
      <div class="tools">
        <KernelMenu film={film} address={address} />
        {film.twin === null || !holds(addressOf("run", { target: film.twin })) ? null : (
          <a href={linkTo(addressOf("run", { target: film.twin }))}>The same bug when calls interleave</a>
        )}
      </div>
      <Stepper
        position={position}
        last={last}
        pins={pins}
        says={step === undefined ? "the beginning" : `step ${position}: ${step.command}, ${step.reply}`}
        go={go}
      />
      <p class="now" aria-live="polite">
        {step === undefined ? (
          <>The beginning: nothing is allocated.</>
        ) : (
          <>
            <b>Step {position}:</b> {step.command} → {step.reply}
          </>
        )}
      </p>
      <AddressMap
        axis={axis}
        view={view}
        setView={setView}
        rows={rows}
        flushes={step?.flushes ?? []}
        window={step?.window ?? null}
        marks={marks}
        cache={cache?.kind === "cache" ? cache : undefined}
        step={position}
        says={pictureText(things, position)}
      />
      <Legend />
      {isLast && violations.length > 0 ? <Why film={film} /> : null}
      <div class="columns">
        <StepList steps={steps} position={position} go={go} />
        <Facts things={things} lazyPages={step?.lazyPages ?? null} film={film} />
      </div>
      <CommandLine line={film.command} />
    </article>
  );
}

/** Does it violate on another kernel? */
function KernelMenu({ film, address }: { readonly film: Film; readonly address: Address }) {
  const choices = film.kernels.filter(
    ({ name }) => name === film.kernel || holds(addressOf("history", { ...address, kernel: name })),
  );
  if (choices.length < 2) return null;
  const choose = (kernel: string) => {
    location.hash = linkTo(addressOf("history", { ...address, kernel }));
  };
  return (
    <label>
      Does it violate on another kernel?{" "}
      <select value={film.kernel.split(" ")[0]} onChange={(event) => choose(event.currentTarget.value)}>
        {choices.map(({ name, listed }) => (
          <option key={name} value={name}>
            {name}
            {listed ? ": the catalogue says it does" : ""}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The law, what the picture shows, and the numbered places. */
function Why({ film: { violations, blame } }: { readonly film: Film }) {
  return (
    <section class="why" aria-label="Why it is a violation">
      {violations.map(({ id, says, promised, bug }, nth) => (
        <div key={id}>
          <h2>
            {id} {promised ? "is violated" : "is not promised, and not kept"}
          </h2>
          <p>{says}</p>
          {nth === 0 && blame !== null && blame.text !== "" ? <p class="blame">{blame.text}</p> : null}
          {nth === 0 && blame !== null && blame.marks.length > 1 ? (
            <ol>
              {blame.marks.slice(0, 9).map((mark) => (
                <li key={`${mark.row} ${mark.cpu} ${mark.start}`}>{mark.says}</li>
              ))}
            </ol>
          ) : null}
          <p class="source">
            {bug === null
              ? "No bug of the catalogue accounts for it."
              : `By ${nameOfBug(bug)}, fixed: ${bug.fixed}.`}
          </p>
        </div>
      ))}
    </section>
  );
}

const LOOKS = [
  ["busy", "busy area"],
  ["lazy", "freed, lazy"],
  ["block", "block of a CPU"],
  ["dead", "stale: no caller holds it"],
  ["guard", "guard page"],
  ["gone", "gone since the last step"],
  ["new", "changed by this step"],
] as const;

function Legend() {
  return (
    <ul class="legend" aria-label="Legend">
      {LOOKS.map(([look, says]) => (
        <li key={look}>
          <svg width="26" height="16" aria-hidden="true">
            <g class={`run ${look === "new" ? "busy new" : look} hue0`}>
              <rect x="2" y="2" width="22" height="12" rx="2" />
              {["lazy", "dead", "gone"].includes(look) ? (
                <rect x="2" y="2" width="22" height="12" rx="2" class="over" fill="url(#hatch)" />
              ) : null}
            </g>
          </svg>
          {says}
        </li>
      ))}
      <li>┌┐ the window asked for</li>
      <li>▼ free_vmap_cache</li>
      <li>A is what step 1 got, B what step 2 got</li>
    </ul>
  );
}

/** The most frames that are listed. */
const MOST_FRAMES = 24;

/** The state beside the picture: the machine, and where each frame is mapped and translated. */
function Facts({
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
      {frames.length >= MOST_FRAMES ? <p>and perhaps more frames</p> : null}
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

/** What the picture shows, for who does not see it. */
function pictureText(things: Things, position: number): string {
  const all = [...things.values()];
  const count = (noun: string, is: (thing: Thing) => boolean) => {
    const number = all.filter(is).length;
    return number === 0 ? [] : [`${number} ${noun}`];
  };
  const parts = [
    ...count("busy areas", (thing) => thing.kind === "area" && thing.life === "busy"),
    ...count("lazy areas", (thing) => thing.kind === "area" && thing.life === "lazy"),
    ...count("blocks", ({ kind }) => kind === "block"),
    ...count("maps", (thing) => thing.kind === "map" && thing.held),
    ...count("TLB entries", ({ kind }) => kind === "tlb"),
    ...count("stale TLB entries", (thing) => thing.kind === "tlb" && thing.dead),
  ];
  return `The address space after step ${position}: ${parts.join(", ") || "empty"}`;
}
