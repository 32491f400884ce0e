/** Every bug of user-space unmapping that shows at the step grain, in the order of its numbers. */
import type { InterleavedBug } from "../interleaved.ts";
import { asidActiveOverwritten } from "./asid-active-overwritten/interleaved.ts";
import { asidReservedLeftBehind } from "./asid-reserved-left-behind/interleaved.ts";

export const INTERLEAVED: readonly InterleavedBug[] = [asidReservedLeftBehind, asidActiveOverwritten];
