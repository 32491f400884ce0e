/** Small parts that several views share. */
import type { ComponentChildren, Ref } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { BugEntry } from "../jobs/page/documents.ts";
import type { Loaded } from "./source.ts";

export function Waiting<D>({
  loaded,
  children,
}: {
  readonly loaded: Loaded<D>;
  children(document: D): ComponentChildren;
}) {
  if (loaded.state === "loading") return <p role="status">Loading</p>;
  if (loaded.state === "failed")
    return (
      <p role="alert" class="failed">
        {loaded.why}
      </p>
    );
  return <>{children(loaded.document)}</>;
}

/** A command line, and a button that copies it. */
export function CommandLine({ line }: { readonly line: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(line);
    setCopied(true);
  };
  return (
    <p class="command">
      <code>{line}</code>
      <button type="button" onClick={copy}>
        {copied ? "Copied" : "Copy"}
      </button>
    </p>
  );
}

export const nameOfBug = ({ id, number }: Pick<BugEntry, "id" | "number">): string =>
  number === null ? id : `${number} ${id}`;

export function BugText({ bug }: { readonly bug: BugEntry }) {
  return (
    <section class="bug" aria-label="The bug">
      <p>{bug.says}</p>
      <p class="source">
        {bug.source}. Fixed: {bug.fixed}.
      </p>
    </section>
  );
}

export interface StepperProps {
  readonly position: number;
  readonly last: number;
  /** Positions to mark on the time line, such as those of violations. */
  readonly pins: readonly number[];
  /** What a screen reader says of the position. */
  readonly says: string;
  go(position: number): void;
}

/** How long a step is shown while the film plays. */
const PLAY_MS = 1100;

/** The time line: a slider to drag, a button for each key, and pins where laws are violated. */
export function Stepper({ position, last, pins, says, go }: StepperProps) {
  const [plays, setPlays] = useState(false);
  useEffect(() => {
    if (!plays) return;
    if (position >= last) return setPlays(false);
    const timer = setTimeout(() => go(position + 1), PLAY_MS);
    return () => clearTimeout(timer);
  }, [plays, position]);
  const to = (value: number) => () => go(Math.max(0, Math.min(last, value)));
  return (
    <div class="stepper">
      <fieldset class="buttons" aria-label="Steps">
        <button type="button" onClick={to(0)} aria-label="First step" title="Home">
          |◀
        </button>
        <button type="button" onClick={to(position - 1)} aria-label="Step back" title="k">
          ◀
        </button>
        <button type="button" onClick={to(position + 1)} aria-label="Step forward" title="j">
          ▶
        </button>
        <button type="button" onClick={to(last)} aria-label="Last step" title="End">
          ▶|
        </button>
        <button
          type="button"
          onClick={() => {
            if (!plays && position === last) go(0);
            setPlays(!plays);
          }}
        >
          {plays ? "Pause" : "Play"}
        </button>
      </fieldset>
      <div class="line">
        <input
          type="range"
          min={0}
          max={last}
          value={position}
          aria-label="Step"
          aria-valuetext={says}
          onInput={(event) => go(Number(event.currentTarget.value))}
        />
        <div class="pins" aria-hidden="true">
          {pins.map((pin) => (
            <span key={pin} style={{ left: `${(100 * pin) / Math.max(1, last)}%` }} />
          ))}
        </div>
      </div>
      <output>
        {position} / {last}
      </output>
      <p class="keys">
        Keys: <kbd>j</kbd> next, <kbd>k</kbd> back, <kbd>Home</kbd>, <kbd>End</kbd>, digits for a step
      </p>
    </div>
  );
}

/** A text as a file of the reader's. */
export function Save({
  text,
  name,
  what,
}: {
  readonly text: string;
  readonly name: string;
  readonly what: string;
}) {
  const save = () => {
    const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <button type="button" onClick={save}>
      Save {what} as {name}
    </button>
  );
}

interface WideProps {
  readonly label: string;
  /** Its class, where it is not a plain table. */
  readonly kind?: string;
  readonly within?: Ref<HTMLElement>;
  readonly children: ComponentChildren;
}

/** What may be wider than the window: it scrolls, by keyboard too. */
export function Wide({ label, kind = "wide", within = null, children }: WideProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reached by keyboard
    <section class={kind} ref={within} aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
