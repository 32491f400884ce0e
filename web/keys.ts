/** Keys of a film: j and k, Home and End, arrows, and the number of a step. */
import { useLayoutEffect, useRef } from "preact/hooks";

/** Digits that follow one another as fast as this are one number. */
const TYPED_TOGETHER_MS = 900;

export interface Film {
  readonly position: number;
  readonly last: number;
  go(position: number): void;
}

const clamped = (position: number, last: number) => Math.max(0, Math.min(last, position));

export function useFilmKeys(film: Film): void {
  const now = useRef(film);
  now.current = film;
  // Before the paint: a key that is pressed as soon as a film is seen belongs to it.
  useLayoutEffect(() => {
    let digits = "";
    let typed = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const { position, last, go } = now.current;
      if (/^\d$/.test(event.key)) {
        digits = event.timeStamp - typed < TYPED_TOGETHER_MS ? digits + event.key : event.key;
        typed = event.timeStamp;
        go(clamped(Number(digits), last));
        event.preventDefault();
        return;
      }
      const to = targetOf(event.key, position, last);
      if (to === undefined) return;
      event.preventDefault();
      go(clamped(to, last));
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

function targetOf(key: string, position: number, last: number): number | undefined {
  if (key === "j" || key === "ArrowRight") return position + 1;
  if (key === "k" || key === "ArrowLeft") return position - 1;
  if (key === "Home") return 0;
  return key === "End" ? last : undefined;
}

/** Whether a key belongs to a field of a form. A slider takes arrows by itself, and letters not at all. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.matches("input:not([type=range]):not([type=checkbox]), select, textarea, [contenteditable]");
}
