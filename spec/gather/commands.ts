/** The table of commands. Code for commands of all kinds is a loop over it. */
import type { Naming } from "../contract.ts";
import { anyRecord, type CommandRecord, hex } from "./commands/command.ts";
import type { Command, Op } from "./commands/kinds.ts";
import * as machine from "./commands/machine.ts";
import * as observer from "./commands/observer.ts";
import * as owner from "./commands/owner.ts";
import * as removal from "./commands/removal.ts";
import type { Promises } from "./releases.ts";
import type { Response } from "./response.ts";
import type { Scope } from "./scope.ts";
import type { World } from "./world.ts";

export type * from "./commands/kinds.ts";
export type { Response } from "./response.ts";
/** A step of a history is a command: it names addresses, frames and tables of its scope. */
export type HistoryStep = Command;

/** An explorer tries commands in this order. */
export const COMMANDS: Readonly<Record<Op, CommandRecord>> = {
  gather: anyRecord(owner.gather),
  finish: anyRecord(owner.finish),
  zap: anyRecord(removal.zap),
  removeEntry: anyRecord(removal.removeEntry),
  removePage: anyRecord(removal.removePage),
  removeFolio: anyRecord(removal.removeFolio),
  freeTable: anyRecord(removal.freeTable),
  flush: anyRecord(owner.flush),
  flushTlbOnly: anyRecord(owner.flushTlbOnly),
  needFlushAll: anyRecord(owner.needFlushAll),
  startVma: anyRecord(owner.startVma),
  endVma: anyRecord(owner.endVma),
  freeVmas: anyRecord(owner.freeVmas),
  pageSize: anyRecord(owner.pageSize),
  unshare: anyRecord(removal.unshare),
  flushUnshared: anyRecord(owner.flushUnshared),
  lazy: anyRecord(machine.lazy),
  hpte: anyRecord(machine.hpte),
  unlock: anyRecord(machine.unlock),
  failAlloc: anyRecord(machine.failAlloc),
  rcuRun: anyRecord(machine.rcuRun),
  pending: anyRecord(machine.pending),
  users: anyRecord(machine.users),
  cpus: anyRecord(machine.cpus),
  current: anyRecord(machine.current),
  mmcpus: anyRecord(machine.mmcpus),
  asceLimit: anyRecord(machine.asceLimit),
  insert: anyRecord(observer.insert),
  touch: anyRecord(observer.touch),
  load: anyRecord(observer.load),
  walk: anyRecord(observer.walk),
  reuse: anyRecord(observer.reuse),
  unlink: anyRecord(observer.unlink),
  driverFree: anyRecord(observer.driverFree),
  collapse: anyRecord(observer.collapse),
  migrate: anyRecord(owner.migrate),
};

export const RECORDS: readonly CommandRecord[] = Object.values(COMMANDS);

export const recordOf = ({ op }: { readonly op: Op }): CommandRecord => COMMANDS[op];

/** A command in words. */
export const says = (command: Command): string => recordOf(command).says(command);

/** Whether callers who keep the rules may make this command now. */
export const isEnabled = (world: World, command: Command): boolean => recordOf(command).legal(world, command);

/** All commands of the callers of a scope, on a release. */
export function every(scope: Scope, promises: Promises): readonly Command[] {
  return RECORDS.filter(
    ({ call, offered }) => (call === undefined || scope.calls.includes(call)) && offered(promises, scope),
  ).flatMap((record) => record.every(scope));
}

/** An op, and its commands in a scope. */
interface Drawn {
  readonly record: CommandRecord;
  readonly own: readonly Command[];
}

/** Ops that are tried for one choice before it means nothing. */
const TRIES = 12;

/** What a choice, any natural number, means on a release in a world of this scope; undefined if it means nothing. */
export function choosing(
  scope: Scope,
  promises: Promises,
): (world: World, choice: number) => Command | undefined {
  const commands = every(scope, promises);
  // Each op as often as it is drawn.
  const ops = RECORDS.flatMap((record) => {
    const own = commands.filter(({ op }) => op === record.op);
    return own.length === 0 ? [] : new Array<Drawn>(record.weight).fill({ record, own });
  });
  return (world, choice) => {
    let mixed = choice;
    for (let tries = 0; tries < TRIES; tries++) {
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 0;
      const { record, own } = ops[mixed % ops.length] as Drawn;
      const from = (mixed >>> 8) % own.length;
      const most = record.mayBeLegal(world) ? own.length : 0;
      for (let nth = 0; nth < most; nth++) {
        const command = own[(from + nth) % own.length] as Command;
        if (record.legal(world, command)) return command;
      }
      mixed += 0x9e3779b9;
    }
    return undefined;
  };
}

const KINDS: Readonly<Record<string, string>> = {
  allocFail: "allocation fails",
  callRcu: "batch to RCU",
  callRcuTable: "table to RCU",
  hashPage: "hash entry flushed",
  hashRange: "hash entries flushed",
};

/** A reply in a few words: its events in order. */
export function replyText({ events, reached, refused }: Response): string {
  if (refused !== undefined) return refused;
  if (reached !== undefined)
    return reached.frame === undefined ? reached.by : `frame ${reached.frame}, by ${reached.by}`;
  const words = events.map((event) => {
    switch (event.kind) {
      case "flush":
        return event.what === "mm" || event.start === undefined
          ? "flush"
          : `flush ${hex(event.start)} to ${hex(event.end as number)}`;
      case "pages":
        return `free ${event.runs.map(([pfn, count]) => (count === 1 ? pfn : `${pfn}-${pfn + count - 1}`)).join(" ")}`;
      case "page":
        return `free ${event.pfn} at once`;
      case "tableFree":
        return `table ${event.id} freed`;
      default:
        return KINDS[event.kind] ?? event.kind;
    }
  });
  return words.join(", ");
}

/** Nothing has to be known of earlier steps. */
export type Names = null;

export const naming: Naming<Names, HistoryStep, Command, Response> = {
  begin: () => null,
  resolve: (_names, step) => step,
  note: () => {},
  without: (history, dropped) => history.filter((_step, index) => !dropped.has(index)),
};

/** Every form of a step simpler than this one, best first. */
export function simpler(step: HistoryStep): Iterable<HistoryStep> {
  return recordOf(step).simpler(step);
}
