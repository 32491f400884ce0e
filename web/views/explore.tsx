/** Exploring by hand: what can be done in a state, what each action would violate, and the way there as a history. */
import { useEffect, useLayoutEffect, useMemo, useState } from "preact/hooks";
import type { HandAction, HandState, Machines } from "../../jobs/page/documents.ts";
import { axisOf, type Viewport, whole } from "../map/axis.ts";
import { AddressMap } from "../map/map.tsx";
import { kindsOf, rowsOf } from "../map/rows.ts";
import { CommandLine, Save, Waiting } from "../parts.tsx";
import { addressOf, linkTo } from "../route.ts";
import { useDocument } from "../source.ts";

export function ExploreView({ words }: { readonly words: URLSearchParams }) {
  const machines = useDocument("machines", "machines");
  const [machine, scope, path] = [words.get("machine") ?? "6.12", words.get("scope"), words.get("path")];
  const state = useDocument(addressOf("state", { machine, scope, path }), "state");
  // What was shown stays while the next state is on its way.
  const [shown, setShown] = useState<HandState>();
  useEffect(() => {
    if (state.state === "ready") setShown(state.document);
  }, [state]);
  const go = (steps: readonly number[]) => {
    location.hash = linkTo(addressOf("explore", { machine, scope, path: steps.join(".") }));
  };
  return (
    <article class="explore">
      <h1>Explore by hand</h1>
      <Waiting loaded={machines}>
        {(all) => <Choice key={`${machine} ${scope}`} machines={all} machine={machine} scope={scope ?? ""} />}
      </Waiting>
      {state.state === "failed" ? <p role="alert">{state.why}</p> : null}
      {shown === undefined ? <p role="status">Loading</p> : <State state={shown} go={go} />}
    </article>
  );
}

interface ChoiceProps {
  readonly machines: Machines;
  readonly machine: string;
  readonly scope: string;
}

function Choice({ machines, machine, scope }: ChoiceProps) {
  const [name, setName] = useState(machine);
  const [typed, setTyped] = useState(scope);
  return (
    <form
      class="tools"
      onSubmit={(event) => {
        event.preventDefault();
        location.hash = linkTo(addressOf("explore", { machine: name, scope: typed }));
      }}
    >
      <label>
        Machine{" "}
        <select value={name} onChange={(event) => setName(event.currentTarget.value)}>
          <optgroup label="kernels, call by call">
            {machines.kernels.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </optgroup>
          <optgroup label="protocols, step by step">
            {machines.protocols.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </optgroup>
        </select>
      </label>
      <label>
        Scope{" "}
        <input
          value={typed}
          placeholder="pages=6,windows=1"
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </label>
      <button type="submit">Begin</button>
    </form>
  );
}

interface StateProps {
  readonly state: HandState;
  go(path: readonly number[]): void;
}

function State({ state, go }: StateProps) {
  const { machine, scope, path, taken, command } = state;
  const [marks, setMarks] = useState<readonly (readonly number[])[]>([]);
  const isMarked = marks.some((each) => each.join(".") === path.join("."));
  useEffect(() => setMarks([]), [machine, scope]);
  useBackKey(() => path.length > 0 && go(path.slice(0, -1)));
  return (
    <>
      <p>
        {machine}, {scope}: after {taken.length} {taken.length === 1 ? "action" : "actions"}. <kbd>k</kbd>{" "}
        goes back, <kbd>1</kbd> to <kbd>9</kbd> take one of the first actions.
      </p>
      <div class="tools">
        <button type="button" disabled={path.length === 0} onClick={() => go(path.slice(0, -1))}>
          Back
        </button>
        <button type="button" disabled={path.length === 0} onClick={() => go([])}>
          To the beginning
        </button>
        <button type="button" disabled={isMarked} onClick={() => setMarks([...marks, path])}>
          {isMarked ? "This state is marked" : "Mark this state"}
        </button>
        {marks.map((mark, nth) => (
          <button key={mark.join(".")} type="button" onClick={() => go(mark)}>
            To mark {nth + 1} ({mark.length} actions)
          </button>
        ))}
        {state.file === null ? null : <Save text={state.file} name={`${machine}.json`} what="the path" />}
      </div>
      {state.grain === "call" ? <Picture state={state} /> : <Fields state={state} />}
      <div class="columns">
        <Actions state={state} go={go} />
        <Path state={state} go={go} />
      </div>
      <CommandLine line={command} />
    </>
  );
}

function Picture({ state }: { readonly state: HandState }) {
  const axis = useMemo(() => axisOf(state.cuts), [state]);
  const [view, setView] = useState<Viewport>();
  const rows = useMemo(() => {
    const things = new Map(state.things.map((thing, nth) => [String(nth), thing]));
    return rowsOf(things, new Set(), new Map(), kindsOf(state.things, state.cpus));
  }, [state]);
  const cache = state.things.find(({ kind }) => kind === "cache");
  return (
    <AddressMap
      axis={axis}
      view={view === undefined || view.from + view.span > axis.columns ? whole(axis) : view}
      setView={setView}
      rows={rows}
      flushes={[]}
      window={null}
      marks={[]}
      cache={cache?.kind === "cache" ? cache : undefined}
      step={state.path.length}
      says={`The address space after ${state.path.length} actions: ${state.things.length} things`}
    />
  );
}

function Fields({ state }: { readonly state: HandState }) {
  return (
    <section aria-label="The state">
      <h2>What differs from the beginning</h2>
      <ul class="fields">
        {state.fields.length === 0 ? (
          <li>nothing</li>
        ) : (
          state.fields.map((field) => <li key={field}>{field}</li>)
        )}
      </ul>
    </section>
  );
}

function Actions({ state: { actions, path }, go }: StateProps) {
  const [text, setText] = useState("");
  const [onlyViolating, setOnlyViolating] = useState(false);
  const shown = actions.filter(
    (each) =>
      each.text.toLowerCase().includes(text.toLowerCase()) && (!onlyViolating || each.laws.length > 0),
  );
  const violating = actions.filter(({ laws }) => laws.length > 0).length;
  const take = ({ action }: HandAction) => go([...path, action]);
  useDigits((digit) => {
    const chosen = shown[digit - 1];
    if (chosen !== undefined) take(chosen);
  });
  return (
    <section aria-label="Actions">
      <h2>
        {actions.length} actions, of which {violating} would violate a law
      </h2>
      <div class="tools">
        <label>
          Find <input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <label>
          <input
            type="checkbox"
            checked={onlyViolating}
            onChange={(event) => setOnlyViolating(event.currentTarget.checked)}
          />{" "}
          only those that violate a law
        </label>
      </div>
      {actions.length === 0 ? <p>The machine stopped here.</p> : null}
      <ol class="actions">
        {shown.map((each) => (
          <li key={each.action}>
            <button type="button" class={each.laws.length > 0 ? "violating" : ""} onClick={() => take(each)}>
              {each.text}
              {each.reply === "" ? "" : ` → ${each.reply}`}
              {each.laws.length === 0 ? null : <b> violates {each.laws.join(", ")}</b>}
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Path({ state: { taken, path }, go }: StateProps) {
  return (
    <section aria-label="The way here">
      <h2>The way here</h2>
      <ol class="actions">
        {taken.map(({ text, reply, laws }, nth) => (
          <li key={nth}>
            <button
              type="button"
              class={laws.length > 0 ? "violating" : ""}
              title="Go back to the state after this"
              onClick={() => go(path.slice(0, nth + 1))}
            >
              {text}
              {reply === "" ? "" : ` → ${reply}`}
              {laws.length === 0 ? null : <b> violates {laws.join(", ")}</b>}
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

const isOfForm = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.matches("input:not([type=checkbox]), select, textarea");

/** Before the paint, not after it: a key that is pressed as soon as a state is seen is a key of that state. */
function useKey(take: (event: KeyboardEvent) => void): void {
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey && !isOfForm(event.target)) take(event);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
}

const useBackKey = (back: () => void) =>
  useKey(({ key }) => {
    if (key === "k" || key === "Backspace" || key === "ArrowLeft") back();
  });

const useDigits = (take: (digit: number) => void) =>
  useKey(({ key }) => {
    if (/^[1-9]$/.test(key)) take(Number(key));
  });
