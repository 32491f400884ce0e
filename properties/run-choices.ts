/** Plays drawn choices against a kernel and what judges it: one random history. */
import { begin, type Played } from "../engine/run/stepper.ts";
import type { Bench, Terms } from "../spec/wing.ts";

/** A step of a history, as it was answered and judged. */
export type PlayedOf<T extends Terms = Terms> = Played<T["world"], T["step"], T["command"], T["response"]>;

/** What a caller of runChoices wants to see. */
export interface Watcher<T extends Terms> {
  /** Called after every step that was a command. */
  played?(step: PlayedOf<T>, state: unknown): void;
  /**
   * For a step that violated a law, the last of this history: whether the run fails there, ends there, or continues with
   * the world that follows.
   */
  violated(step: PlayedOf<T>, history: readonly T["step"][]): "fail" | "stop" | "continue";
}

export interface RandomHistory<T extends Terms> {
  readonly history: readonly T["step"][];
  /** The step that failed, which is the history's last. */
  readonly failed: PlayedOf<T> | undefined;
}

/** `unchecked`: calls outside their domain are also those that the release does not check. */
export function runChoices<T extends Terms>(
  bench: Bench<T>,
  choices: readonly T["choice"][],
  watcher: Watcher<T>,
  unchecked = false,
): RandomHistory<T> {
  const stepper = begin(bench);
  const history: T["step"][] = [];
  for (const choice of choices) {
    const step = bench.resolve(choice, stepper.world(), stepper.names, history, unchecked);
    if (step === undefined) continue;
    history.push(step);
    const now = stepper.take(step);
    const { response } = now;
    if (response !== undefined) watcher.played?.(now, stepper.state);
    if (now.violated.length > 0) {
      const verdict = watcher.violated(now, history);
      if (verdict === "fail") return { history, failed: now };
      if (verdict === "stop") break;
    }
    if (now.after === undefined) break;
  }
  return { history, failed: undefined };
}
