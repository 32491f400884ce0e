/** A law that callers cannot violate on some machine is not judged there. */
import { expect, test } from "vitest";
import type { LawId } from "../../spec/contract.ts";
import type { Call } from "../../spec/vmap/commands/command.ts";
import { LAWS, lawsTried } from "../../spec/vmap/laws/index.ts";
import { areasScope, blocksScope, MIDDLE } from "./small-scopes.ts";

const SPACE = { pages: 4, sizes: 4, aligns: 1, windows: 1, at: MIDDLE };
const CALLS: readonly Call[] = ["alloc", "map", "purge", "unmapAliases"];

const tries = (law: LawId, scope: Parameters<typeof lawsTried>[2]) =>
  lawsTried(LAWS, CALLS, scope).some(({ id }) => id === law);

test("pools-hide-no-room is not judged on one node, which has no pools", () => {
  expect(tries("pools-hide-no-room", areasScope(SPACE, 1))).toBe(false);
  expect(tries("pools-hide-no-room", areasScope(SPACE, 2))).toBe(true);
});

test("There are as many nodes as CPUs, not as CPU numbers", () => {
  const blocks = { ...SPACE, block: 4 };
  expect(tries("pools-hide-no-room", blocksScope({ ...blocks, cpus: 1, gap: 0 }))).toBe(false);
  expect(tries("pools-hide-no-room", blocksScope({ ...blocks, cpus: 2, gap: 1 }))).toBe(true);
});
