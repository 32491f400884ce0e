/**
 * Follows the events of a log and judges them. A call happens somewhere between two events of its task; a law is
 * violated only if it is in every order that this allows.
 */
import type { InfoArea, LogEvent, LogFacts } from "../../../spec/vmap/log.ts";
import { Allocations } from "./allocations.ts";
import { areaAt } from "./area.ts";
import { EndWatch } from "./end-state.ts";
import { Frees } from "./frees.ts";
import { Purging } from "./purging.ts";
import { hintOf, mismatchOf, type ReleaseFacts } from "./release.ts";
import { Room } from "./room.ts";
import { type KernelFacts, Space } from "./space.ts";
import { newTask, type Task } from "./tasks.ts";
import { Ties } from "./ties.ts";
import { TimeLine } from "./time-line.ts";

export class Validator {
  readonly space = new Space();
  readonly #facts: () => LogFacts;
  #release: ReleaseFacts | undefined;
  /** Why the log is not of the release that it is said to be; null if it may be. */
  mismatch: string | null = null;
  #checked = 0;
  readonly room: Room;
  readonly purging: Purging;
  readonly ends: EndWatch;
  readonly timeLine: TimeLine;
  readonly #allocations: Allocations;
  readonly #frees: Frees;
  readonly #ties: Ties;
  /** What was there when the log began, unless its first allocation is the first of all. */
  #initial: readonly InfoArea[];

  constructor(facts: () => LogFacts, release?: ReleaseFacts, initial: readonly InfoArea[] = []) {
    this.#facts = facts;
    this.#release = release;
    this.#initial = initial;
    const kernel = () => this.#kernelFacts();
    this.room = new Room(this.space, kernel);
    this.purging = new Purging(this.space, kernel);
    this.#allocations = new Allocations(this.space, this.room);
    this.#frees = new Frees(this.space, kernel);
    this.ends = new EndWatch(this.space);
    this.timeLine = new TimeLine(this.space);
    this.#ties = new Ties(this.space, (event) => this.#take(event));
  }

  /** Before the first event about an area: the areas that were there, if the log does not begin with all of them. */
  #begin(event: LogEvent): void {
    const isAboutArea = ["allocated", "alloc return", "freed", "free entry"].includes(event.kind);
    if (this.#initial.length === 0 || !isAboutArea) return;
    const areas = this.#initial;
    this.#initial = [];
    if (event.kind === "allocated" && event.start === event.vstart) return;
    for (const { start, end, lazy, caller, use } of areas) {
      const at = { line: 0, time: 0, cpu: 0, task: 0, name: caller || use, inInterrupt: false };
      const freed = lazy ? { from: undefined, by: undefined } : undefined;
      this.space.areas.add(areaAt({ start, end }, { origin: "snapshot", at, freed, caller }));
    }
  }

  see(event: LogEvent): void {
    this.#ties.add(event);
  }

  #take(event: LogEvent): void {
    if (event.kind === "lost") {
      this.space.lose(event);
      this.#frees.lose();
      return;
    }
    this.#begin(event);
    if (event.inInterrupt) this.#follow(event, newTask());
    else {
      const task = this.space.tasks.of(event.task);
      const isInside = event.kind === "other";
      if (task.freeing !== undefined && event.kind !== "freed" && !isInside) this.#frees.pass(event, task);
      this.#follow(event, task);
      if (!isInside) task.last = event;
    }
    this.space.suspicions.see(event);
    this.ends.see(event);
    this.timeLine.see(event);
    this.#compareRelease(event.line);
  }

  /** Whether it is the release that it is said to be, whenever it seems to have violated something more. */
  #compareRelease(line: number): void {
    const release = this.#release;
    if (release === undefined) return;
    const { account, nodes } = this.space;
    const { found } = account;
    const isOther = release.hasNodes === false && nodes !== undefined;
    if (found === this.#checked && !isOther) return;
    this.#checked = found;
    const mismatch = mismatchOf(release, this.space, this.purging);
    if (mismatch === undefined) return;
    this.mismatch = `the log does not look like ${release.name}: ${mismatch.why}`;
    this.#release = undefined;
    this.space.withhold(mismatch.laws, line, `the log does not look like ${release.name}`);
  }

  /** What speaks against the release; null if nothing does. */
  get hint(): string | null {
    return this.#release === undefined ? null : hintOf(this.#release, this.space, this.purging);
  }

  end(): void {
    this.#ties.end();
    this.purging.end();
    this.space.suspicions.end();
    this.#compareRelease(Number.POSITIVE_INFINITY);
    this.timeLine.end();
  }

  #follow(event: LogEvent, task: Task): void {
    switch (event.kind) {
      case "alloc entry":
        this.#allocations.enter(event, task);
        break;
      case "allocated":
        this.#allocations.allocate(event, task);
        break;
      case "alloc return":
        this.#allocations.return(event, task);
        break;
      case "percpu return":
        this.#allocations.percpu(event, task);
        break;
      case "free entry":
        this.#frees.enter(event, task);
        break;
      case "freed":
        this.#frees.free(event, task);
        break;
      case "purge entry":
        this.purging.enter(event);
        break;
      case "flush":
        this.purging.flush(event);
        break;
      case "decay":
        this.purging.decay(event);
        break;
      case "purged":
        this.purging.purge(event);
        break;
      case "purge return":
        this.purging.return(event);
        break;
      case "mark":
        this.ends.mark(event);
        break;
      case "caller": {
        const area = this.space.areas.around(event.start);
        if (area !== undefined) area.caller = event.caller;
        break;
      }
      default:
    }
  }

  /** 32-bit kernels have one node, and so have those up to 6.8. */
  #kernelFacts(): KernelFacts {
    const { bits, cpus } = this.#facts();
    const { nodes } = this.space;
    const release = this.#release;
    const countsAreas = release?.hasNodes ?? (nodes === undefined ? undefined : true);
    // As many as CPUs.
    const several = release?.hasNodes === true && cpus > 1 ? false : undefined;
    const known = nodes === undefined ? several : nodes === 1;
    const oneNode = bits === 32 || release?.hasNodes === false ? true : known;
    return {
      bits,
      oneNode,
      countsAreas,
      exactFit: release?.exactFit ?? (this.space.seen.allocated || undefined),
    };
  }
}
