/**
 * Colours for what a person reads: only at a terminal, never under NO_COLOR. picocolors on its own also colours
 * wherever a variable CI is set, where output goes to a file; FORCE_COLOR still asks for colours outright.
 */
import picocolors from "picocolors";

const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
const unwanted = NO_COLOR !== undefined && NO_COLOR !== "";
const forced = FORCE_COLOR !== undefined && FORCE_COLOR !== "0" && FORCE_COLOR !== "";
const terminal = process.stdout.isTTY === true && TERM !== "dumb";

export const pc = picocolors.createColors(!unwanted && (forced || terminal));
