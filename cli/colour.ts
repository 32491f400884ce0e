/**
 * Colours for what a person reads: only at a terminal, never under NO_COLOR. picocolors by itself also colours output
 * to a file if a variable CI is set. FORCE_COLOR still forces colours.
 */
import picocolors from "picocolors";

const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
const unwanted = NO_COLOR !== undefined && NO_COLOR !== "";
const forced = FORCE_COLOR !== undefined && FORCE_COLOR !== "0" && FORCE_COLOR !== "";
const terminal = process.stdout.isTTY === true && TERM !== "dumb";

export const pc = picocolors.createColors(!unwanted && (forced || terminal));
