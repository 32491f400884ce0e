/**
 * An allocator in a child process as a subject: commands become lines, and lines replies. Page table and TLBs are kept
 * on this side, by the effects in replies: the same hardware as that of the models.
 */
import {
  aliasReport,
  assignMemory,
  copyMemory,
  dropPte,
  endHold,
  flushTlbKernelRange,
  type Memory,
  touch,
} from "../../kernels/hardware/memory.ts";
import { setFrame } from "../../kernels/hardware/page-map.ts";
import { beginCall, initialState, type State } from "../../kernels/vmap/state.ts";
import type { Subject } from "../../spec/contract.ts";
import type { Command, Response } from "../../spec/vmap/commands.ts";
import type { Scope } from "../../spec/vmap/scope.ts";
import type { Pages, Vpn } from "../../spec/vmap/vocabulary.ts";
import { type Bounds, Child, ChildError, type Gone } from "../child.ts";
import { hex, wrongIn } from "./fields.ts";
import { HELLO, type Hello, readHello } from "./hello.ts";
import { type Effect, initLine, type Reply, readReply, requestLine } from "./protocol.ts";

/** The deadline for hello of a new process: it may load an interpreter first. */
const STARTING_MS = 20_000;

export interface DrivenOptions extends Bounds {
  /** Whether each history is run in a process of its own, even if the child offers `again`. */
  readonly fresh: boolean;
  /** Another deadline for hello than the usual one. */
  readonly startingMilliseconds?: number;
}

/** What a caller got: pages of an area, or of a vmap. */
interface Given {
  readonly pages: Pages;
  readonly byVmap: boolean;
}

/** The state saved on this side. */
interface Saved {
  readonly memory: Memory;
  readonly given: ReadonlyMap<Vpn, Given>;
}

export interface Beginning {
  /** In a process of its own. */
  readonly fresh?: boolean | undefined;
  /** VMALLOC_END is the last byte of its page, as it is at the top of the word. */
  readonly endsInside?: boolean;
}

type Answered = Gone | { readonly how: "answered"; readonly line: string };

export class Driven implements Subject<Command, Response> {
  readonly program: string;
  readonly #args: readonly string[];
  readonly #options: DrivenOptions;
  #child: Child | undefined;
  #hello: Hello | undefined;
  #state: State | undefined;
  #given = new Map<Vpn, Given>();
  #saved: Saved[] = [];
  /** The lines to send before the next request, at the beginning of a history. */
  #begins: string[] = [];

  constructor([program, ...args]: readonly [string, ...string[]], options: DrivenOptions) {
    this.program = program;
    this.#args = args;
    this.#options = options;
  }

  /** The child's hello. Throws a ChildError if it has none, or cannot be started. */
  async hello(): Promise<Hello> {
    if (this.#hello !== undefined && this.#child !== undefined) return this.#hello;
    const child = Child.start(this.program, this.#args, this.#options);
    this.#child = child;
    const { answers, gone } = await child.ask([HELLO], this.#options.startingMilliseconds ?? STARTING_MS);
    if (gone !== undefined) {
      this.#child = undefined;
      const how = gone.how === "silent" ? "gives no answer" : "ends before it answers";
      throw new ChildError(`it ${how} to ${JSON.stringify(HELLO)}: ${gone.text}`);
    }
    this.#hello = await this.#read(() => readHello(answers[0] as string));
    return this.#hello;
  }

  /** Begins a history on a machine of this scope; earlier state is dropped. */
  async begin(scope: Scope, { fresh = this.#options.fresh, endsInside }: Beginning = {}): Promise<void> {
    const can = this.#hello?.can;
    if (fresh || (can?.has("restore") !== true && can?.has("again") !== true)) await this.end();
    const restores = this.#child !== undefined && can?.has("restore") === true;
    await this.hello();
    this.#begins = [...(restores ? ["restore 0"] : []), initLine(scope, endsInside === true)];
    this.#state = initialState(scope);
    this.#given.clear();
    this.#saved = [];
  }

  async send(command: Command): Promise<Response> {
    const state = this.#inHistory();
    beginCall(state);
    if (command.op === "touch") return { ...this.#effects(), kind: "reached", ...touch(state, command) };
    if (command.op === "tlb") return { ...this.#effects(), kind: "done", aliases: aliasReport(state) };
    const byVmap = command.op === "free" && this.#given.get(command.start)?.byVmap === true;
    const answer = await this.#ask(requestLine(command, state.memory.nextFrame, byVmap));
    if (answer.how !== "answered") return { ...this.#effects(), kind: answer.how, text: answer.text };
    return this.#read(() => this.#note(command, readReply(answer.line, this.#said()), answer.line));
  }

  /** Saves the state, and returns its number. The child must offer `save`. */
  async save(): Promise<number> {
    const number = this.#saved.length + 1;
    await this.#order(`save ${hex(number)}`);
    this.#saved.push({ memory: copyMemory(this.#inHistory().memory), given: new Map(this.#given) });
    return number;
  }

  /** Restores the state saved in this history under this number. */
  async restore(number: number): Promise<void> {
    const saved = this.#saved[number - 1];
    if (saved === undefined) throw new RangeError(`nothing is saved as ${number}`);
    await this.#order(`restore ${hex(number)}`);
    assignMemory(this.#inHistory().memory, saved.memory);
    this.#given = new Map(saved.given);
  }

  /** The child's answer to a request of any other kind, such as dump. Throws a ChildError if there is none. */
  async request(line: string): Promise<string> {
    const answer = await this.#ask(line);
    if (answer.how === "answered") return answer.line;
    throw new ChildError(`it gives no answer to ${JSON.stringify(line)}: ${answer.text}`);
  }

  async #order(line: string): Promise<void> {
    const answer = await this.request(line);
    await this.#read(() => expectOk(answer, line));
  }

  #said(): Hello {
    if (this.#hello === undefined) throw new RangeError("the child was not asked what it can");
    return this.#hello;
  }

  #inHistory(): State {
    if (this.#state === undefined) throw new RangeError("no history has begun");
    return this.#state;
  }

  async #ask(line: string): Promise<Answered> {
    const begins = this.#begins;
    this.#begins = [];
    if (this.#child === undefined) return { how: "crashed", text: "the process has ended" };
    const { answers, gone } = await this.#child.ask([...begins, line]);
    await this.#read(() => {
      for (const [nth, asked] of begins.entries())
        if (answers[nth] !== undefined) expectOk(answers[nth], asked);
    });
    if (gone === undefined) return { how: "answered", line: answers.at(-1) as string };
    this.#child = undefined;
    return gone;
  }

  /** Reads an answer. If it is malformed, the child gets no more requests. */
  async #read<T>(read: () => T): Promise<T> {
    try {
      return read();
    } catch (error) {
      await this.end();
      throw error;
    }
  }

  #note(command: Command, { result, effects, counts, ...reply }: Reply, line: string): Response {
    const state = this.#inHistory();
    const { memory } = state;
    const { tells } = this.#said();
    for (const effect of effects) follow(state, effect);
    state.usedAbsentCpu = reply.absentCpu;
    state.warning = reply.warning;
    state.rcuCallbacks = counts.get("rcu") ?? 0;
    state.workItems = counts.get("work") ?? 0;
    const reported = {
      ...this.#effects(),
      ...(counts.has("lazy") ? { lazyPages: counts.get("lazy") as Pages } : {}),
      ...(counts.has("live") ? { descriptors: counts.get("live") as number } : {}),
    };
    if (command.op === "free" || command.op === "unmapRam") this.#takeBack(command.start);
    const asks = pagesAsked(command);
    const frame = memory.nextFrame;
    // vm_map_ram and vmap use up frames even where they are refused.
    if (command.op === "mapRam" || command.op === "vmap") memory.nextFrame += command.count;
    switch (result.kind) {
      case "addr":
        if (asks === undefined) throw wrongIn(line, "expected ok, as nothing was asked for");
        if (command.op === "alloc" && command.map) memory.nextFrame += command.size;
        if (memory.nextFrame > frame)
          for (let nth = 0; nth < asks; nth++) setFrame(memory.held, result.page + nth, frame + nth);
        this.#given.set(result.page, { pages: asks, byVmap: command.op === "vmap" });
        return { ...reported, kind: "placed", start: result.page, mapStopped: reply.stopped };
      case "found":
        if (command.op !== "find") throw wrongIn(line, "expected found in answer to find alone");
        return { ...reported, kind: "found", start: result.page };
      case "bug":
        return { ...reported, kind: "bug", text: result.text };
      case "err":
        // A legal call that requests no space has no reason to fail, and only legal calls are made.
        if (asks === undefined) return { ...reported, kind: "bug", text: `it fails: ${result.text}` };
        return { ...reported, kind: "refused" };
      case "ok": {
        if (asks !== undefined || command.op === "find") throw wrongIn(line, "expected an address, or err");
        const sees = command.op === "unmapAliases" && tells.has("pte") && tells.has("flush");
        return { ...reported, kind: "done", ...(sees ? { aliases: aliasReport(state) } : {}) };
      }
    }
  }

  #effects() {
    const { flushes, pteSet, pteCleared, rcuCallbacks, workItems, usedAbsentCpu, warning } =
      this.#inHistory();
    const { tells } = this.#said();
    return {
      ...{ flushes, pteSet, pteCleared },
      ...(tells.has("rcu") ? { rcuCallbacks } : {}),
      ...(tells.has("work") ? { workItems } : {}),
      ...(usedAbsentCpu ? { usedAbsentCpu } : {}),
      ...(warning === undefined ? {} : { warning }),
    };
  }

  #takeBack(start: Vpn): void {
    endHold(this.#inHistory(), start, start + (this.#given.get(start)?.pages ?? 0));
    this.#given.delete(start);
  }

  /** Ends the process, if there is one. */
  async end(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    await child?.end();
  }
}

/** The pages that a command requests; undefined if it requests none. Percpu areas have no mapped pages. */
function pagesAsked(command: Command): Pages | undefined {
  if (command.op === "alloc") return command.size;
  if (command.op === "mapRam" || command.op === "vmap") return command.count;
  return command.op === "pcpuGet" ? 0 : undefined;
}

function follow(state: State, effect: Effect): void {
  if (effect.kind === "flush") {
    flushTlbKernelRange(state, effect.extent.start, effect.extent.end);
    return;
  }
  for (let page = effect.page; page < effect.page + effect.pages; page++) {
    if (effect.kind === "clr") dropPte(state, page);
    else {
      setFrame(state.memory.pageTable, page, effect.frame + (page - effect.page));
      state.pteSet += 1;
    }
  }
}

function expectOk(answer: string, line: string): void {
  if (!/^[; ]*ok *(;|$)/.test(answer))
    throw wrongIn(answer, `expected ok in answer to ${JSON.stringify(line)}`);
}
