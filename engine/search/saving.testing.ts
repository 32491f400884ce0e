/**
 * A process that explores and saves as often as it can, to be killed at any moment: `saving.testing.ts FILE` continues
 * the search in the file, if there is one. It prints a line whenever it begins to save, and its counts at the fixpoint.
 */
import { existsSync, writeSync } from "node:fs";
import { BOUNDS } from "../bounds.testing.ts";
import { behaviourOf } from "../transitions.ts";
import { readCheckpoint, refuseOther, writeCheckpoint } from "./checkpoint.ts";
import { explore } from "./explore.ts";
import { type Given, machineOf } from "./parallel.testing.ts";

/** The machine: 75,582 states, with a witness. */
export const KILLED: Given = { name: "a ring that is watched", numbers: [19, 8] };

const [path] = process.argv.slice(2);
if (process.argv[1] === import.meta.filename && path !== undefined) {
  const machine = machineOf(KILLED);
  const checkpoint = existsSync(path) ? readCheckpoint(path) : undefined;
  const known = { machine, behaviour: behaviourOf(machineOf(KILLED)) };
  if (checkpoint !== undefined) refuseOther(checkpoint, known);
  const { states, edges, depth, fired, witnesses } = explore(machine, {
    bounds: BOUNDS,
    resume: checkpoint?.saved,
    saving: {
      due: () => true,
      save: (search) => {
        writeSync(process.stdout.fd, "saving\n");
        writeCheckpoint(path, known, null, search);
      },
    },
  });
  const counted = { states, edges, depth, fired: [...fired], witnesses: [...witnesses] };
  console.log(JSON.stringify({ resumed: checkpoint?.saved.table.parents.length ?? 0, counted }));
}
