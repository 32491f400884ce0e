/** A history, step by step: the address space after each, and why the last step violates its law. */
import { useMemo, useState } from "preact/hooks";
import type { Film, Thing } from "../../jobs/page/documents.ts";
import { Facts } from "../facts.tsx";
import { useFilmKeys } from "../keys.ts";
import { axisOf, firstView, following } from "../map/axis.ts";
import { AddressMap } from "../map/map.tsx";
import { kindsOf, rowsOf, withGuards } from "../map/rows.ts";
import { BugText, CommandLine, nameOfBug, Save, Stepper, Waiting } from "../parts.tsx";
import { Player, type Things } from "../player.ts";
import { addressOf, linkTo, noteAddress } from "../route.ts";
import { holds, isReport, useDocument } from "../source.ts";
import { StepList } from "../step-list.tsx";

interface ViewProps {
  readonly words: URLSearchParams;
}

export function HistoryView({ words }: ViewProps) {
  const [target, law, kernel, trace] = ["target", "law", "kernel", "trace"].map((name) => words.get(name));
  const address = addressOf("history", { target, law, kernel, trace });
  const loaded = useDocument(address, "film");
  const step = words.get("step");
  return (
    <Waiting loaded={loaded}>
      {(film) => (
        <FilmView
          key={address}
          film={film}
          address={{ target: target ?? "", law: law ?? null, kernel: kernel ?? null, trace: trace ?? null }}
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
  readonly trace: string | null;
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
        {film.trace === null || isReport ? null : <TraceChoice trace={film.trace} address={address} />}
        {film.twin === null || !holds(addressOf("run", { target: film.twin })) ? null : (
          <a href={linkTo(addressOf("run", { target: film.twin }))}>The same bug when calls interleave</a>
        )}
        {film.file === null ? null : <Save text={film.file} name="history.json" what="the history" />}
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
      {step === undefined || step.lines.length === 0 ? null : (
        <Lines lines={step.lines} before={steps[position - 2]?.lines ?? []} />
      )}
      {axis.columns === 0 ? null : (
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
      )}
      {axis.columns === 0 ? null : <Legend looks={kinds.gathers.length > 0 ? OF_GATHERS : OF_AREAS} />}
      {isLast && violations.length > 0 ? <Why film={film} /> : null}
      <div class="columns">
        <StepList steps={steps} position={position} go={go} />
        <Facts things={things} lazyPages={step?.lazyPages ?? null} film={film} />
      </div>
      <CommandLine line={film.command} />
    </article>
  );
}

/** The state in words; what the step changed is marked. */
function Lines({ lines, before }: { readonly lines: readonly string[]; readonly before: readonly string[] }) {
  const known = new Set(before);
  return (
    <ul class="lines" aria-label="The state">
      {lines.map((line) => (
        <li key={line} class={known.has(line) ? "" : "new"}>
          {line}
        </li>
      ))}
    </ul>
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
      <select value={film.kernels[0]?.name} onChange={(event) => choose(event.currentTarget.value)}>
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

/** Another trace of the same recording. */
function TraceChoice({ trace, address }: { readonly trace: number; readonly address: Address }) {
  const [line, setLine] = useState(String(trace));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        location.hash = linkTo(addressOf("history", { ...address, trace: line }));
      }}
    >
      <label>
        Trace on line{" "}
        <input type="number" min={1} value={line} onInput={(event) => setLine(event.currentTarget.value)} />
      </label>{" "}
      <button type="submit">Show</button>
    </form>
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

type Looks = readonly (readonly [look: string, says: string])[];

const OF_GATHERS: Looks = [
  ["busy", "range of a gather"],
  ["pte", "mapped page, by its frame"],
  ["dead", "removed, and covered by no flush"],
  ["gone", "gone since the last step"],
  ["new", "changed by this step"],
];
const OF_AREAS: Looks = [
  ["busy", "busy area"],
  ["lazy", "freed, lazy"],
  ["block", "block of a CPU"],
  ["dead", "stale: no caller holds it"],
  ["guard", "guard page"],
  ["gone", "gone since the last step"],
  ["new", "changed by this step"],
];

function Legend({ looks }: { readonly looks: Looks }) {
  return (
    <ul class="legend" aria-label="Legend">
      {looks.map(([look, says]) => (
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
      {looks === OF_GATHERS ? null : (
        <>
          <li>┌┐ the window asked for</li>
          <li>▼ free_vmap_cache</li>
          <li>A is what step 1 got, B what step 2 got</li>
        </>
      )}
    </ul>
  );
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
