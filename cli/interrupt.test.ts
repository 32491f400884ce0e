/** Ctrl-C: once it asks long work to end, a second press ends the process. The clock is a fake one. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { timeUp } from "../jobs/work.ts";
import { INTERRUPTED } from "./exit.ts";
import { interrupts } from "./output.ts";

const heard = process.listeners("SIGINT");
/** Only the listeners from before these tests hear Ctrl-C. */
function forget(): void {
  for (const each of process.listeners("SIGINT")) {
    if (!heard.includes(each)) process.off("SIGINT", each);
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
});
afterEach(() => {
  forget();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("Ctrl-C", () => {
  /** Presses Ctrl-C, and again after this many milliseconds. Returns the process's exit code, if it ended. */
  function pressedAgainAfter(milliseconds: number): number | undefined {
    forget();
    let code: number | undefined;
    vi.spyOn(process, "exit").mockImplementation((given) => {
      code = Number(given);
      return undefined as never;
    });
    const signal = interrupts();
    expect(signal.aborted).toBe(false);
    process.emit("SIGINT");
    expect(signal.aborted).toBe(true);
    vi.advanceTimersByTime(milliseconds);
    process.emit("SIGINT");
    return code;
  }

  test("asks work to end, once, even if npm and the terminal both deliver one press", () => {
    expect(pressedAgainAfter(0)).toBeUndefined();
    expect(pressedAgainAfter(500)).toBeUndefined();
  });

  test("ends the process if it is pressed again", () => {
    expect(pressedAgainAfter(501)).toBe(INTERRUPTED);
  });
});

describe("--seconds", () => {
  test("is up once they are over, and never where none are given", () => {
    const [late, never] = [timeUp(2), timeUp(undefined)];
    vi.advanceTimersByTime(2000);
    expect([late(), never()]).toEqual([false, false]);
    vi.advanceTimersByTime(1);
    expect([late(), never()]).toEqual(["time", false]);
  });
});
