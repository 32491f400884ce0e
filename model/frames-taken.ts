/** What both worlds count of frames. */
import type { Command, Response } from "../spec/commands.ts";
import type { Pages } from "../spec/vocabulary.ts";

/** Fresh frames that a command takes from the counter; a map and vmap take them even if they are refused. */
export function framesTaken(command: Command, response: Response): Pages {
  if (command.op === "mapRam" || command.op === "vmap") return command.count;
  return command.op === "alloc" && command.map && response.kind === "placed" ? command.size : 0;
}
