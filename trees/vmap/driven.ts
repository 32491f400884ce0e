/** An allocator in a child process as a subject: commands become lines, and lines replies, with an observer beside it. */
import type { Command, Response } from "../../spec/commands.ts";
import type { Subject } from "../../spec/contract.ts";
import type { Scope } from "../../spec/scope.ts";
import type { Pages, Pfn, Vpn } from "../../spec/vocabulary.ts";
import { type Bounds, Child, ChildError, type Gone } from "../child.ts";
import { Observer } from "../observer.ts";
import { wrongIn } from "./fields.ts";
import { HELLO, type Hello, readHello } from "./hello.ts";
import { type Effect, initLine, type Reply, readReply, requestLine } from "./protocol.ts";

/** By when a process that was started answers hello: it may load an interpreter first. */
const STARTING_MS = 20_000;

export interface DrivenOptions extends Bounds {
  /** Each history is run in a process of its own, whatever the child offers. */
  readonly fresh: boolean;
  /** By when a process answers hello, if not by then as usual. */
  readonly startingMilliseconds?: number;
}

export class Driven implements Subject<Command, Response> {
  readonly #command: readonly [string, ...string[]];
  readonly #options: DrivenOptions;
  #child: Child | undefined;
  #hello: Hello | undefined;
  #observer = new Observer(1);
  #nextFrame: Pfn = 1;
  readonly #vmaps = new Set<Vpn>();
  /** What is to be sent before the next request: a history begins. */
  #begins: string[] = [];
  /** How many processes were started. */
  started = 0;

  constructor(command: readonly [string, ...string[]], options: DrivenOptions) {
    this.#command = command;
    this.#options = options;
  }

  /** What the child says of itself. Throws a ChildError where it does not, or cannot be started. */
  async hello(): Promise<Hello> {
    if (this.#hello !== undefined && this.#child !== undefined) return this.#hello;
    const [command, ...args] = this.#command;
    this.#child = Child.start(command, args, this.#options);
    this.started += 1;
    const { answers, gone } = await this.#child.ask(
      [HELLO],
      this.#options.startingMilliseconds ?? STARTING_MS,
    );
    if (gone !== undefined) {
      this.#child = undefined;
      throw new ChildError(
        gone.how === "silent"
          ? `it does not answer ${JSON.stringify(HELLO)}: ${gone.text}`
          : `it ends before it answers ${JSON.stringify(HELLO)}: ${gone.text}`,
      );
    }
    this.#hello = await this.#read(() => readHello(answers[0] as string));
    return this.#hello;
  }

  /** A history begins, on a machine of this scope: nothing is left of what was before. */
  async begin(scope: Scope, fresh: boolean = this.#options.fresh): Promise<void> {
    const can = this.#child === undefined ? undefined : this.#hello?.can;
    if (fresh || (can?.has("restore") !== true && can?.has("again") !== true)) await this.end();
    const isUsed = this.#child !== undefined;
    await this.hello();
    this.#begins = [...(isUsed && can?.has("restore") ? ["restore 0"] : []), initLine(scope)];
    this.#observer = new Observer(scope.cpus);
    this.#nextFrame = 1;
    this.#vmaps.clear();
  }

  async send(command: Command): Promise<Response> {
    const looked = this.#look(command);
    if (looked !== undefined) return looked;
    const isVmap = command.op === "free" && this.#vmaps.has(command.start);
    const answer = await this.#ask(requestLine(command, this.#nextFrame, isVmap));
    if (typeof answer !== "string") return { ...NOTHING, kind: answer.how, text: answer.text };
    const reply = await this.#read(() => readReply(answer, this.#hello as Hello));
    return this.#read(() => this.#note(command, reply, answer));
  }

  /** The answer to a request of any other kind; or how the child ended. */
  async #ask(line: string): Promise<string | Gone> {
    const begins = this.#begins;
    this.#begins = [];
    // The process ended in this history already.
    if (this.#child === undefined) return { how: "crashed", text: "the process has ended" };
    const { answers, gone } = await this.#child.ask([...begins, line]);
    for (const [nth, asked] of begins.entries()) {
      const answer = answers[nth];
      if (answer !== undefined && !/^;? *ok *(;|$)/.test(answer))
        await this.#read(() => {
          throw wrongIn(answer, `expected ok in answer to ${JSON.stringify(asked)}`);
        });
    }
    if (gone === undefined) return answers.at(-1) as string;
    this.#child = undefined;
    return gone;
  }

  /** Reads an answer. Whatever is wrong with it, the child is not asked again. */
  async #read<T>(read: () => T): Promise<T> {
    try {
      return read();
    } catch (error) {
      await this.end();
      throw error;
    }
  }

  /** What no allocator is asked: CPUs that touch pages, and what their TLBs hold. */
  #look(command: Command): Response | undefined {
    if (command.op === "touch") return { ...NOTHING, ...this.#observer.touch(command.cpu, command.page) };
    if (command.op === "tlb") return { ...NOTHING, kind: "done", aliases: this.#observer.report() };
    return undefined;
  }

  #note(command: Command, reply: Reply, line: string): Response {
    const frame = this.#nextFrame;
    const { tells } = this.#hello as Hello;
    const { result, effects, counts, stopped } = reply;
    for (const effect of effects) this.#follow(effect);
    const pteSet = pagesOf(effects, "set");
    const told = {
      flushes: effects.flatMap((each) => (each.kind === "flush" ? [each.extent] : [])),
      pteSet,
      pteCleared: pagesOf(effects, "clr"),
      ...(tells.has("rcu") ? { rcuCallbacks: counts.get("rcu") ?? 0 } : {}),
      ...(tells.has("work") ? { workItems: counts.get("work") ?? 0 } : {}),
      ...(counts.has("lazy") ? { lazyPages: counts.get("lazy") as Pages } : {}),
      ...(counts.has("live") ? { descriptors: counts.get("live") as number } : {}),
      ...(reply.absentCpu ? { usedAbsentCpu: true } : {}),
      ...(reply.warning === undefined ? {} : { warning: reply.warning }),
    };
    const gives = ["alloc", "mapRam", "vmap", "pcpuGet"].includes(command.op);
    if (command.op === "mapRam" || command.op === "vmap") this.#nextFrame += command.count;
    if (command.op === "free" || command.op === "unmapRam") {
      this.#observer.release(command.start);
      this.#vmaps.delete(command.start);
    }
    switch (result.kind) {
      case "addr":
        if (!gives) throw wrongIn(line, "expected ok, for nothing was asked for");
        if (command.op === "alloc" && command.map) this.#nextFrame += command.size;
        if (command.op === "vmap") this.#vmaps.add(result.page);
        if (pteSet > 0) this.#observer.hold(result.page, pteSet, frame);
        return { ...told, kind: "placed", start: result.page, mapStopped: stopped };
      case "found":
        if (command.op !== "find") throw wrongIn(line, "expected found in answer to find alone");
        return { ...told, kind: "found", start: result.page };
      case "bug":
        return { ...told, kind: "bug", text: result.text };
      case "err":
        // No other call may fail that is legal, and only such calls are made.
        if (gives) return { ...told, kind: "refused" };
        return { ...told, kind: "bug", text: `it fails: ${result.text}` };
      case "ok": {
        if (gives || command.op === "find") throw wrongIn(line, "expected addr or err");
        const sees = command.op === "unmapAliases" && tells.has("pte") && tells.has("flush");
        return { ...told, kind: "done", ...(sees ? { aliases: this.#observer.report() } : {}) };
      }
    }
  }

  #follow(effect: Effect): void {
    if (effect.kind === "flush") {
      this.#observer.flush(effect.extent);
      return;
    }
    for (let nth = 0; nth < effect.pages; nth++) {
      if (effect.kind === "set") this.#observer.set(effect.page + nth, effect.frame + nth);
      else this.#observer.clear(effect.page + nth);
    }
  }

  /** Ends the process, if there is one. */
  async end(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    await child?.end();
  }
}

const NOTHING = { flushes: [], pteSet: 0, pteCleared: 0 } as const;

function pagesOf(effects: readonly Effect[], kind: "set" | "clr"): Pages {
  return effects.reduce((pages, each) => (each.kind === kind ? pages + each.pages : pages), 0);
}
