/** A run of commands, which name areas by their addresses, as an ordinary history, which names them by index. */
import type { Command, Response } from "../../spec/vmap/commands.ts";
import type { HistoryStep } from "../../spec/vmap/history.ts";
import type { Kernel } from "../../spec/vmap/kernel.ts";
import type { Scope } from "../../spec/vmap/scope.ts";

/** Something that was given out: which command got it, where it begins, and of how many pages it is. */
interface Got {
  readonly by: number;
  /** How it is let go: what vmap got is freed as what an alloc got. */
  readonly op: "alloc" | "mapRam" | "pcpuGet" | "pin";
  readonly start: number;
  readonly pages: number;
  letGo: boolean;
}

/**
 * The history whose commands, run on this kernel, are these. Throws a RangeError if a command names what no earlier
 * one got.
 */
export function historyOf<S>(
  commands: readonly Command[],
  run: readonly number[],
  kernel: Kernel<S>,
  scope: Scope,
): readonly HistoryStep[] {
  const state = kernel.initial(scope);
  const got: Got[] = [];
  return run.map((action, index) => {
    const command = commands[action] as Command;
    const step = stepOf(command, got);
    const response = kernel.act(state, command);
    note(got, index, command, response);
    return step;
  });
}

function stepOf(command: Command, got: readonly Got[]): HistoryStep {
  switch (command.op) {
    case "free": {
      const held = heldBy(got, "alloc", command.start);
      if (held !== undefined) {
        held.letGo = true;
        return { op: "free", area: held.by };
      }
      const around = lastAround(got, command.start);
      if (around === undefined) return { op: "free", page: command.start };
      const offset = command.start - around.start;
      return offset === 0 ? { op: "free", area: around.by } : { op: "free", area: around.by, offset };
    }
    case "unmapRam": {
      const { cpu, start, count } = command;
      const held = heldBy(got, "mapRam", start);
      const around = held ?? lastAround(got, start);
      if (around === undefined) return { op: "unmapRam", cpu, page: start, count };
      if (held?.pages === count) held.letGo = true;
      const offset = start - around.start;
      return {
        op: "unmapRam",
        cpu,
        area: around.by,
        ...(offset === 0 ? {} : { offset }),
        ...(count === around.pages ? {} : { count }),
      };
    }
    case "pcpuFree":
      return { op: "pcpuFree", area: letGo(got, "pcpuGet", command.start, command) };
    case "unpin":
      return { op: "unpin", area: letGo(got, "pin", command.frame as number, command) };
    case "touch": {
      const { cpu, page, write } = command;
      const there = got.findLast(
        (each) => each.start <= page && page < each.start + each.pages && each.op !== "pin",
      );
      if (there === undefined) throw nameless(command);
      const at = { op: "touch", cpu, area: there.by, page: page - there.start } as const;
      return write ? { ...at, write } : at;
    }
    default:
      return command;
  }
}

/** The command that got what is let go here. */
function letGo(got: readonly Got[], op: Got["op"], start: number, command: Command): number {
  const held = heldBy(got, op, start) ?? got.findLast((each) => each.op === op && each.start === start);
  if (held === undefined) throw nameless(command);
  held.letGo = true;
  return held.by;
}

function heldBy(got: readonly Got[], op: Got["op"], start: number): Got | undefined {
  return got.find((each) => each.op === op && each.start === start && !each.letGo);
}

/** The area or map in which a page lies, or lay: of several, what is held, and else the latest. */
function lastAround(got: readonly Got[], page: number): Got | undefined {
  const around = got.filter(
    ({ op, start, pages }) => (op === "alloc" || op === "mapRam") && start <= page && page < start + pages,
  );
  return around.findLast((each) => !each.letGo) ?? around.at(-1);
}

function nameless(command: Command): RangeError {
  return new RangeError(`${JSON.stringify(command)} names what no earlier command got`);
}

function note(got: Got[], by: number, command: Command, response: Response): void {
  if (response.kind === "pinned") {
    got.push({ by, op: "pin", start: response.frame as number, pages: 0, letGo: false });
  }
  if (response.kind !== "placed") return;
  if (command.op === "alloc")
    got.push({ by, op: "alloc", start: response.start, pages: command.size, letGo: false });
  if (command.op === "vmap")
    got.push({ by, op: "alloc", start: response.start, pages: command.count, letGo: false });
  if (command.op === "mapRam")
    got.push({ by, op: "mapRam", start: response.start, pages: command.count, letGo: false });
  // Nothing is mapped there: no touch means it.
  if (command.op === "pcpuGet")
    got.push({ by, op: "pcpuGet", start: response.start, pages: 0, letGo: false });
}
