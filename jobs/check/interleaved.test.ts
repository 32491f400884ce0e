import { expect, test } from "vitest";
import { Work } from "../work.ts";
import { checkInterleaved } from "./interleaved.ts";

/** What a check of a protocol says if Ctrl-C comes in this turn of its work. */
async function checkedUntil(protocol: string, last: number) {
  const controller = new AbortController();
  let turn = 0;
  const say = () => {
    turn += 1;
    if (turn === last) controller.abort();
  };
  const { protocols, pinned, surprises } = await checkInterleaved(
    [protocol],
    new Work({ signal: controller.signal, say }),
  );
  return { ended: protocols[0]?.ended, confirmed: pinned.filter((each) => each.confirmed).length, surprises };
}

// blocks-6.12 violates no-alias-after-unmap-aliases (C13), as its pinned run confirms.
test("A violation that an interrupted visit did not reach is no surprise", async () => {
  const inTheVisit = await checkedUntil("blocks-6.12", 2);
  expect(inTheVisit).toEqual({ ended: "request", confirmed: 0, surprises: [] });
});

test("Without an interruption it is reached, and its pinned run confirmed", async () => {
  const whole = await checkedUntil("blocks-6.12", Number.POSITIVE_INFINITY);
  expect(whole).toMatchObject({ ended: "fixpoint", surprises: [] });
  expect(whole.confirmed).toBeGreaterThan(0);
});
