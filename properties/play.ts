/** Plays drawn choices against a kernel and what judges it: one random history. */
import { begin } from "../engine/stepper.ts";
import type { HistoryStep } from "../spec/history.ts";
import type { Kernel } from "../spec/kernel.ts";
import type { Scope } from "../spec/scope.ts";
import type { World } from "../spec/world.ts";
import { noteAsked, nothingAsked } from "./asked.ts";
import type { Choice } from "./choices.ts";
import { intend } from "./intend.ts";
import type { OutsideMade } from "./intend-outside.ts";
import { settingFor, type VmapPlayed, type VmapSetting } from "./setting.ts";

/** What a run wants to know while it plays. */
export interface Watcher<S, W extends World> {
  /** Called after every step that was a command. */
  played?(step: VmapPlayed<W>, state: S): void;
  /** Of a step that broke a law: whether the run ends in failure, ends, or goes on with the world that follows. */
  broken(step: VmapPlayed<W>): "fail" | "stop" | "go on";
}

export interface RandomHistory<W extends World> {
  readonly history: readonly HistoryStep[];
  /** The step that failed, which is the history's last. */
  readonly failed: VmapPlayed<W> | undefined;
}

export function play<S, W extends World>(
  setting: VmapSetting<S, W>,
  choices: readonly Choice[],
  watcher: Watcher<S, W>,
  made: OutsideMade = "answered",
): RandomHistory<W> {
  const stepper = begin(setting);
  const asked = nothingAsked();
  const history: HistoryStep[] = [];
  for (const choice of choices) {
    const step = intend(choice, stepper.world(), asked, made);
    if (step === undefined) continue;
    history.push(step);
    const now = stepper.take(step);
    const { response } = now;
    noteAsked(asked, now.index, step, response);
    if (response !== undefined) watcher.played?.(now, stepper.state);
    if (now.broken.length > 0) {
      const verdict = watcher.broken(now);
      if (verdict === "fail") return { history, failed: now };
      if (verdict === "stop") break;
    }
    if (now.after === undefined) break;
  }
  return { history, failed: undefined };
}

/**
 * A history that failed in the packed world, judged again by the reference: it must fail there in the same way
 * at the same step, its last. If not, one of the two worlds is wrong, and no kernel is to blame.
 */
export function confirm<S>(
  kernel: Kernel<S>,
  scope: Scope,
  history: readonly HistoryStep[],
  failsSo: (step: VmapPlayed) => boolean,
): void {
  const stepper = begin(settingFor(kernel, scope));
  let last: VmapPlayed | undefined;
  for (const step of history) {
    last = stepper.take(step);
    if (last.after === undefined) break;
  }
  if (last?.index === history.length - 1 && failsSo(last)) return;
  throw new Error(
    `vmapcheck itself is wrong: the packed world and the reference judge a history on ${kernel.name}, ` +
      `scope ${scope.name}, differently: ${JSON.stringify(history)}`,
  );
}
