/** A run at the step grain: a lane for each CPU, bars for the locks they hold, arrows for interrupts. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { RunFilm } from "../../jobs/page/documents.ts";
import { useFilmKeys } from "../keys.ts";
import { callBars, lockBars, locksIn, waitBars } from "../lanes.ts";
import { BugText, CommandLine, nameOfBug, Stepper, Waiting, Wide } from "../parts.tsx";
import { addressOf, linkTo, noteAddress } from "../route.ts";
import { holds, useDocument } from "../source.ts";
import { useWidth } from "../width.ts";

export function RunView({ words }: { readonly words: URLSearchParams }) {
  const [target, law, kernel] = ["target", "law", "kernel"].map((name) => words.get(name));
  const address = addressOf("run", { target, law, kernel });
  const loaded = useDocument(address, "run");
  const step = words.get("step");
  return (
    <Waiting loaded={loaded}>
      {(film) => (
        <Lanes
          key={address}
          film={film}
          words={{ target: target ?? "", law: law ?? null, kernel: kernel ?? null }}
          from={step === null ? film.steps.length : Number(step)}
        />
      )}
    </Waiting>
  );
}

interface LanesProps {
  readonly film: RunFilm;
  readonly words: { readonly target: string; readonly law: string | null; readonly kernel: string | null };
  readonly from: number;
}

function Lanes({ film, words, from }: LanesProps) {
  const { steps, bug, violations } = film;
  const last = steps.length;
  const [position, setPosition] = useState(Math.max(0, Math.min(last, Number.isNaN(from) ? last : from)));
  const go = (to: number) => {
    setPosition(to);
    noteAddress(addressOf("run", { ...words, step: String(to) }));
  };
  useFilmKeys({ position, last, go });
  const step = steps[position - 1];
  const orders = film.kernels.filter(
    (name) => film.machine.split(",")[0] === name || holds(addressOf("run", { ...words, kernel: name })),
  );
  return (
    <article class="film">
      <h1>
        {bug === null ? film.name : nameOfBug(bug)}{" "}
        <small>
          interleaved, on {film.machine}, {film.scope}
        </small>
      </h1>
      <p class={`verdict ${film.outcome}`}>{film.verdict}</p>
      {bug === null ? null : <BugText bug={bug} />}
      <div class="tools">
        {orders.length < 2 ? null : (
          <label>
            In another order?{" "}
            <select
              value={film.machine.split(",")[0]}
              onChange={(event) => {
                location.hash = linkTo(addressOf("run", { ...words, kernel: event.currentTarget.value }));
              }}
            >
              {orders.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        )}
        {film.twin === null || !holds(addressOf("history", { target: film.twin })) ? null : (
          <a href={linkTo(addressOf("history", { target: film.twin }))}>
            The same bug, by calls one after another
          </a>
        )}
      </div>
      <Stepper
        position={position}
        last={last}
        pins={film.outcome === "violated" ? [last] : []}
        says={
          step === undefined ? "the beginning" : `step ${position}: ${film.lanes[step.cpu]}, ${step.text}`
        }
        go={go}
      />
      <p class="now" aria-live="polite">
        {step === undefined ? (
          "The beginning: every CPU is idle."
        ) : (
          <>
            <b>Step {position}:</b> {film.lanes[step.cpu]}, {step.text}
          </>
        )}
      </p>
      {last === 0 ? null : <Chart film={film} position={position} go={go} />}
      {film.legend === "" ? null : <p class="source">{film.legend}</p>}
      {violations.map(({ id, says }) => (
        <section key={id} class="why" aria-label="Why it is a violation">
          <h2>{id} is violated</h2>
          <p>{says}</p>
        </section>
      ))}
      <CommandLine line={film.command} />
    </article>
  );
}

const ROW = 46;
const HEAD = 30;
const NUMBER = 40;
const LEAST_LANE = 190;
const LETTER = 7.3;
const BAR = 9;

interface ChartProps {
  readonly film: RunFilm;
  readonly position: number;
  go(position: number): void;
}

function Chart({ film, position, go }: ChartProps) {
  const { lanes, columns, steps, begin, loopAt } = film;
  const [ref, width] = useWidth();
  const scroll = useRef<HTMLElement>(null);
  const bars = useMemo(() => lockBars(steps, lanes.length), [film]);
  const waits = useMemo(() => waitBars(steps, lanes.length), [film]);
  const calls = useMemo(() => callBars(steps, lanes.length), [film]);
  const names = locksIn(bars);
  const isSending = steps.some(({ sends }) => sends.length > 0);
  const besides = columns.map((name, nth) => {
    const longest = Math.max(name.length, ...steps.map(({ drawn }) => drawn[nth]?.length ?? 0));
    return longest * LETTER + 28;
  });
  const beside = besides.reduce((sum, each) => sum + each, 0);
  const lane = Math.max(LEAST_LANE, (width - NUMBER - beside - 4) / lanes.length);
  const laneAt = (nth: number) => NUMBER + nth * lane;
  const top = (row: number) => HEAD + (row - 1) * ROW;
  const all = NUMBER + lanes.length * lane;
  const height = HEAD + steps.length * ROW + 12;
  const inset = 12 + names.length * BAR;
  useEffect(() => {
    const { current } = scroll;
    if (current === null) return;
    const at = top(position);
    if (at < current.scrollTop + HEAD || at + ROW > current.scrollTop + current.clientHeight)
      current.scrollTop = Math.max(0, at - current.clientHeight / 2);
  }, [position]);
  return (
    <div ref={ref}>
      {names.length === 0 && waits.length === 0 && !isSending ? null : (
        <ul class="legend" aria-label="Legend">
          {names.map((name, nth) => (
            <li key={name}>
              <span class={`swatch lock${nth % 4}`} /> {name} is held
            </li>
          ))}
          {waits.length === 0 ? null : (
            <li>
              <span class="swatch waits" /> waits
            </li>
          )}
          {isSending ? <li>→ interrupt, from the CPU that sends it to the step that handles it</li> : null}
        </ul>
      )}
      <Wide label="Swim lanes" kind="lanes" within={scroll}>
        <div class="canvas" style={{ width: `${all + beside}px`, height: `${height}px` }}>
          <svg width={all} height={height} aria-hidden="true">
            <defs>
              <marker
                id="head"
                viewBox="0 0 8 8"
                refX="7"
                refY="4"
                markerWidth="8"
                markerHeight="8"
                orient="auto"
              >
                <path class="arrow-head" d="M0 0L8 4L0 8z" />
              </marker>
            </defs>
            {lanes.map((name, nth) => (
              <rect
                key={name}
                class={nth % 2 === 0 ? "lane" : "lane odd"}
                x={laneAt(nth)}
                y="0"
                width={lane}
                height={height}
              />
            ))}
            {calls.map(({ lane: nth, from, to }) => (
              <line
                key={`call ${nth} ${from}`}
                class="call"
                x1={laneAt(nth) + lane / 2}
                x2={laneAt(nth) + lane / 2}
                y1={top(from) + ROW / 2}
                y2={top(to) + ROW / 2}
              />
            ))}
            {waits.map(({ lane: nth, from, to }) => (
              <line
                key={`wait ${nth} ${from}`}
                class="wait"
                x1={laneAt(nth) + lane / 2}
                x2={laneAt(nth) + lane / 2}
                y1={top(from) + ROW / 2}
                y2={top(to) + ROW / 2}
              />
            ))}
            {bars.map(({ lane: nth, from, to, says, place }) => (
              <rect
                key={`${says} ${nth} ${from}`}
                class={`bar lock${place % 4}`}
                x={laneAt(nth) + 6 + place * BAR}
                y={top(from) + ROW / 2}
                width={BAR - 3}
                height={(to - from) * ROW}
              />
            ))}
          </svg>
          <div class="head" style={{ height: `${HEAD}px`, width: `${all + beside}px` }}>
            {lanes.map((name, nth) => (
              <div key={name} class="lane-name" style={{ left: `${laneAt(nth)}px`, width: `${lane}px` }}>
                {name}
              </div>
            ))}
            {columns.map((name, nth) => (
              <div
                key={name}
                class="lane-name"
                style={{ left: `${all + sum(besides, nth)}px`, width: `${besides[nth]}px` }}
              >
                {name}
              </div>
            ))}
          </div>
          <ol>
            {steps.map((step, nth) => (
              <li key={nth} class={nth + 1 > position ? "later" : ""}>
                <span class="number" style={{ top: `${top(nth + 1) + 10}px` }}>
                  {nth + 1}
                </span>
                <button
                  type="button"
                  class={`box${step.hardware ? " hardware" : ""}${nth + 1 === steps.length && film.outcome === "violated" ? " violating" : ""}`}
                  aria-current={nth + 1 === position ? "step" : undefined}
                  title={stepText(film, nth)}
                  aria-label={`Step ${nth + 1}: ${stepText(film, nth)}`}
                  style={{
                    left: `${laneAt(step.cpu) + inset}px`,
                    top: `${top(nth + 1) + 3}px`,
                    width: `${lane - inset - 8}px`,
                    height: `${ROW - 6}px`,
                  }}
                  onClick={() => go(nth + 1)}
                >
                  <span>{step.text}</span>
                </button>
                {step.drawn.map((text, column) => (
                  <span
                    key={columns[column]}
                    class={
                      text === ((nth === 0 ? begin : steps[nth - 1]?.drawn)?.[column] ?? "")
                        ? "beside"
                        : "beside changed"
                    }
                    style={{ left: `${all + sum(besides, column)}px`, top: `${top(nth + 1) + 10}px` }}
                  >
                    {text}
                  </span>
                ))}
              </li>
            ))}
          </ol>
          <svg class="arrows" width={all} height={height} aria-hidden="true">
            {steps.flatMap(({ cpu, sends }, nth) =>
              sends.map(({ to, step }) => (
                <Arrow
                  key={`${nth} ${to}`}
                  from={[laneAt(cpu) + (to > cpu ? lane - 8 : inset), top(nth + 1) + ROW / 2]}
                  to={[
                    laneAt(to) + (to > cpu ? inset : lane - 8),
                    step === null ? top(nth + 1) + ROW / 2 : top(step + 1) + ROW / 2,
                  ]}
                  open={step === null}
                />
              )),
            )}
          </svg>
          {loopAt === null ? null : (
            <div
              class="loop"
              style={{ top: `${top(loopAt + 1)}px`, height: `${(steps.length - loopAt) * ROW}px` }}
            >
              <span>again and again</span>
            </div>
          )}
        </div>
      </Wide>
    </div>
  );
}

const sum = (widths: readonly number[], upTo: number) =>
  widths.slice(0, upTo).reduce((all, each) => all + each, 0);

/** A step with what an eye sees beside it: locks, waits, and the state. */
function stepText({ steps, lanes, columns }: RunFilm, nth: number): string {
  const step = steps[nth];
  if (step === undefined) return "";
  const held = step.holds.flatMap((locks, lane) => locks.map((lock) => `${lanes[lane]} holds the ${lock}`));
  const waiting = step.waits.flatMap((waits, lane) => (waits ? [`${lanes[lane]} waits`] : []));
  const sent = step.sends.map(({ to }) => `interrupts CPU ${to}`);
  const state = step.drawn.map((text, column) => `${columns[column]} ${text.trim() || "-"}`);
  return [`${lanes[step.cpu]}, ${step.text}`, ...sent, ...held, ...waiting, ...state].join("; ");
}

interface ArrowProps {
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
  /** No step of the run handles it. */
  readonly open: boolean;
}

function Arrow({ from: [x1, y1], to: [x2, y2], open }: ArrowProps) {
  const middle = (x1 + x2) / 2;
  return (
    <path
      class={open ? "arrow open" : "arrow"}
      d={`M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`}
      marker-end="url(#head)"
    />
  );
}
