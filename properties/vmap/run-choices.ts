/** Plays drawn choices against a kernel and what judges it: one random history. */
import { begin } from "../../engine/run/stepper.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import type { Choice } from "./choices.ts";
import { resolveChoice } from "./resolve-choice.ts";
import type { OutsideMade } from "./resolve-outside.ts";
import type { JudgedStep, TestBench } from "./test-bench.ts";

/** What a caller of runChoices wants to see. */
export interface Watcher<S> {
  /** Called after every step that was a command. */
  played?(step: JudgedStep, state: S): void;
  /**
   * For a step that violated a law: whether the run fails there, ends there, or continues with the world that follows.
   */
  violated(step: JudgedStep): "fail" | "stop" | "continue";
}

export interface RandomHistory {
  readonly history: readonly HistoryStep[];
  /** The step that failed, which is the history's last. */
  readonly failed: JudgedStep | undefined;
}

export function runChoices<S>(
  setting: TestBench<S>,
  choices: readonly Choice[],
  watcher: Watcher<S>,
  made: OutsideMade = "answered",
): RandomHistory {
  const stepper = begin(setting);
  const history: HistoryStep[] = [];
  for (const choice of choices) {
    const step = resolveChoice(choice, stepper.world(), stepper.names, history, made);
    if (step === undefined) continue;
    history.push(step);
    const now = stepper.take(step);
    const { response } = now;
    if (response !== undefined) watcher.played?.(now, stepper.state);
    if (now.violated.length > 0) {
      const verdict = watcher.violated(now);
      if (verdict === "fail") return { history, failed: now };
      if (verdict === "stop") break;
    }
    if (now.after === undefined) break;
  }
  return { history, failed: undefined };
}
