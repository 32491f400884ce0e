/** The steps of a film as a list; of a long one only what is in view is drawn. */
import { useEffect, useRef, useState } from "preact/hooks";

const ROW = 26;
/** Rows drawn beyond what is in view. */
const BEYOND = 6;

export interface ListedStep {
  readonly command: string;
  readonly reply: string;
  readonly laws: readonly string[];
}

export function StepList({
  steps,
  position,
  go,
}: {
  readonly steps: readonly ListedStep[];
  readonly position: number;
  go(position: number): void;
}) {
  const ref = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(400);
  useEffect(() => {
    const { current } = ref;
    if (current === null) return;
    const observer = new ResizeObserver(() => setHeight(current.clientHeight));
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const { current } = ref;
    if (current === null) return;
    const at = (position - 1) * ROW;
    // What was noted of the list is enough: to read it would lay out the page once more.
    if (at < top || at + ROW > top + height) current.scrollTop = Math.max(0, at - height / 2);
  }, [position]);
  const first = Math.max(0, Math.floor(top / ROW) - BEYOND);
  const last = Math.min(steps.length, Math.ceil((top + height) / ROW) + BEYOND);
  return (
    <nav class="steps" aria-label="Steps of the history">
      <div class="scroll" ref={ref} onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
        <ol style={{ height: `${steps.length * ROW}px` }}>
          {steps.slice(first, last).map(({ command, reply, laws }, nth) => {
            const at = first + nth + 1;
            return (
              <li key={at} style={{ top: `${(at - 1) * ROW}px` }}>
                <button
                  type="button"
                  class={laws.length > 0 ? "violating" : ""}
                  aria-current={at === position ? "step" : undefined}
                  aria-label={`Step ${at}: ${command}, ${reply}`}
                  title={`${command} → ${reply}`}
                  onClick={() => go(at)}
                  tabIndex={at === position ? 0 : -1}
                >
                  <span class="number">{at}</span> {command} <span class="reply">→ {reply}</span>
                </button>
              </li>
            );
          })}
        </ol>
      </div>
    </nav>
  );
}
