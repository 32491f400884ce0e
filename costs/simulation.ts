/**
 * A discrete-event simulation of CPUs that work, queue for locks, and interrupt each other. It knows nothing of vmap.
 *
 * A program is a generator: it yields what its CPU does next, and is resumed when that is done. Time passes only here.
 * Locks are first come, first served, as ticket and queued spin locks are. An interrupt is sent to one CPU after the
 * other; answers are serial, because each writes the same cache line; what an interrupt takes is taken from the work
 * of its CPU.
 */
import TinyQueue from "tinyqueue";

export type Nanoseconds = number;

/** What the machine itself takes. `costs.json` says what each is. */
export interface Hardware {
  readonly cpusPerSocket: number;
  readonly atomic: Nanoseconds;
  readonly lineSameSocket: Nanoseconds;
  readonly lineOtherSocket: Nanoseconds;
  readonly spinner: Nanoseconds;
  readonly ipiSend: Nanoseconds;
  readonly ipiEntry: Nanoseconds;
  readonly wakeIdle: Nanoseconds;
  readonly flush: Nanoseconds;
  readonly refill: Nanoseconds;
}

/** The request's own line comes to each CPU twice: when it begins its part, and when it has done it. */
const LINES_OF_AN_ANSWER = 2;

/** Work that can be ended after each of its turns. */
export type Turns<T> = Generator<undefined, T>;

const EVENTS_IN_TURN = 4096;

/** Of work in turns, taken one after the other. */
export function resultOf<T>(turns: Turns<T>): T {
  for (;;) {
    const { done, value } = turns.next();
    if (done) return value;
  }
}

/** What a program does next. Work is charged to a function by its name. */
export type Wait =
  | { readonly work: Nanoseconds; readonly as: string }
  | { readonly take: Lock }
  | { readonly release: Lock }
  /** Interrupts the CPUs below this number, but for its own, and waits until all have flushed, as it does itself. */
  | { readonly flushBelow: number }
  | { readonly sleep: Nanoseconds };

/** After a `take` it is resumed with the number of holds by other CPUs since its own last hold of that lock. */
export type Program = Generator<Wait, void, number>;

export class Lock {
  readonly name: string;
  /** The function in which its waiters spin. */
  readonly spinsIn: string;
  /** Waiters spin each on a line of its own: a handover does not take longer with their number. */
  readonly isQueued: boolean;
  holder: Cpu | undefined;
  readonly line: Cpu[] = [];
  holds = 0;
  /** The time for which it was held, and handed over. */
  busy: Nanoseconds = 0;
  since: Nanoseconds = 0;
  lastHolder: number | undefined;
  readonly lastHoldOf = new Map<number, number>();

  constructor(name: string, spinsIn: string, isQueued: boolean) {
    this.name = name;
    this.spinsIn = spinsIn;
    this.isQueued = isQueued;
  }
}

/** A CPU with the program it runs; or a worker's program, whose work is taken from that of its CPU. */
interface Cpu {
  readonly number: number;
  readonly program: Program | undefined;
  readonly isWorker: boolean;
  state: "idle" | "works" | "waits";
  /** What interrupts and workers have taken from the work under way. */
  taken: Nanoseconds;
  waitsSince: Nanoseconds;
  /** Its TLB was flushed since it last worked. */
  isCold: boolean;
}

interface Event {
  readonly at: Nanoseconds;
  /** Events of one moment happen in the order in which they were planned. */
  readonly order: number;
  happens(): void;
}

export class Simulation {
  now: Nanoseconds = 0;
  readonly hardware: Hardware;
  readonly sockets: number;
  readonly cpus: Cpu[];
  /** Time by function. */
  readonly spent = new Map<string, Nanoseconds>();
  readonly locks: Lock[] = [];
  sent = 0;
  answered = 0;
  readonly #events = new TinyQueue<Event>([], (a, b) => a.at - b.at || a.order - b.order);
  #planned = 0;

  constructor(hardware: Hardware, cpus: number) {
    this.hardware = hardware;
    this.sockets = Math.ceil(cpus / hardware.cpusPerSocket);
    this.cpus = Array.from({ length: cpus }, (_none, number) => newCpu(number, undefined, false));
  }

  lock(name: string, spinsIn: string, isQueued: boolean): Lock {
    const lock = new Lock(name, spinsIn, isQueued);
    this.locks.push(lock);
    return lock;
  }

  /** Gives an idle CPU a program. */
  start(number: number, program: Program): void {
    const cpu = newCpu(number, program, false);
    this.cpus[number] = cpu;
    this.#plan(0, () => this.#resume(cpu, 0));
  }

  /** Starts a program beside that of a CPU, as a kernel thread is. */
  startWorker(number: number, program: Program): void {
    const worker = newCpu(number, program, true);
    this.#plan(0, () => this.#resume(worker, 0));
  }

  /** Until this holds, or nothing is left to happen. */
  run(isDone: () => boolean): void {
    resultOf(this.running(isDone));
  }

  /** The same, in turns of some milliseconds. */
  *running(isDone: () => boolean): Turns<void> {
    while (!this.#endsInTurn(isDone)) yield;
  }

  /** Whether nothing is left for another turn. */
  #endsInTurn(isDone: () => boolean): boolean {
    for (let left = EVENTS_IN_TURN; !isDone(); left--) {
      if (left === 0) return false;
      const event = this.#events.pop();
      if (event === undefined) return true;
      this.now = event.at;
      event.happens();
    }
    return true;
  }

  spend(as: string, time: Nanoseconds): void {
    this.spent.set(as, (this.spent.get(as) ?? 0) + time);
  }

  #plan(after: Nanoseconds, happens: () => void): void {
    this.#planned += 1;
    this.#events.push({ at: this.now + after, order: this.#planned, happens });
  }

  #resume(cpu: Cpu, result: number): void {
    const { value: wait } = (cpu.program as Program).next(result);
    if (wait === undefined) {
      cpu.state = "idle";
    } else if ("work" in wait) {
      this.spend(wait.as, wait.work);
      this.#works(cpu, wait.work + this.#refill(cpu));
    } else if ("take" in wait) {
      this.#take(cpu, wait.take);
    } else if ("release" in wait) {
      this.#release(cpu, wait.release);
    } else if ("flushBelow" in wait) {
      this.#interrupt(cpu, wait.flushBelow);
    } else {
      cpu.state = "idle";
      this.#plan(wait.sleep, () => this.#resume(cpu, 0));
    }
  }

  /** After a flush the CPU first looks up anew what its own code and data need. */
  #refill({ number }: Cpu): Nanoseconds {
    const cpu = this.cpus[number] as Cpu;
    if (!cpu.isCold) return 0;
    cpu.isCold = false;
    this.spend("TLB refill", this.hardware.refill);
    return this.hardware.refill;
  }

  #works(cpu: Cpu, time: Nanoseconds): void {
    cpu.state = "works";
    if (cpu.isWorker) this.#takeFrom(cpu.number, time);
    const ends = () => {
      const { taken } = cpu;
      cpu.taken = 0;
      if (taken > 0) this.#plan(taken, ends);
      else this.#resume(cpu, 0);
    };
    this.#plan(time, ends);
  }

  /** Only work is delayed: a CPU that spins, or waits for answers, loses nothing. */
  #takeFrom(number: number, time: Nanoseconds): void {
    const cpu = this.cpus[number] as Cpu;
    if (cpu.state === "works") cpu.taken += time;
  }

  #take(cpu: Cpu, lock: Lock): void {
    cpu.state = "waits";
    cpu.waitsSince = this.now;
    if (lock.holder === undefined) this.#grant(cpu, lock, 0);
    else lock.line.push(cpu);
  }

  #grant(cpu: Cpu, lock: Lock, spinners: number): void {
    const { atomic, spinner } = this.hardware;
    const last = lock.lastHoldOf.get(cpu.number);
    const others = last === undefined ? lock.holds : lock.holds - last - 1;
    const handover =
      atomic + this.lineFrom(lock.lastHolder, cpu.number) + (lock.isQueued ? 0 : spinner * spinners);
    lock.holder = cpu;
    lock.lastHolder = cpu.number;
    lock.lastHoldOf.set(cpu.number, lock.holds);
    lock.holds += 1;
    lock.since = this.now;
    this.#plan(handover, () => {
      this.spend(lock.spinsIn, this.now - cpu.waitsSince);
      this.#resume(cpu, others);
    });
  }

  #release(cpu: Cpu, lock: Lock): void {
    if (lock.holder !== cpu)
      throw new Error(`CPU ${cpu.number} releases ${lock.name}, which it does not hold`);
    lock.busy += this.now - lock.since;
    lock.holder = undefined;
    const next = lock.line.shift();
    if (next !== undefined) this.#grant(next, lock, lock.line.length);
    this.#resume(cpu, 0);
  }

  /** What it takes until a cache line that one CPU wrote is another's. */
  lineFrom(from: number | undefined, to: number): Nanoseconds {
    if (from === undefined || from === to) return 0;
    const { lineSameSocket, lineOtherSocket } = this.hardware;
    return from % this.sockets === to % this.sockets ? lineSameSocket : lineOtherSocket;
  }

  /** smp_call_function: its own flush is done while it waits for the answers. */
  #interrupt(from: Cpu, below: number): void {
    const { ipiSend, ipiEntry, wakeIdle, flush } = this.hardware;
    const began = this.now;
    const targets = below - (from.number < below ? 1 : 0);
    let target = 0;
    let unanswered = targets;
    let lastAnswer = began;
    let answers = from.number;
    from.state = "waits";
    (this.cpus[from.number] as Cpu).isCold = true;
    const ends = () => {
      this.spend("smp_call_function", this.now - began);
      this.#resume(from, 0);
    };
    const isAnswered = () => {
      this.answered += 1;
      unanswered -= 1;
      if (unanswered > 0) return;
      this.#plan(Math.max(this.lineFrom(answers, from.number), began + flush - this.now), ends);
    };
    const arrives = () => {
      if (target === from.number) target += 1;
      const interrupted = this.cpus[target] as Cpu;
      const isIdle = interrupted.state === "idle";
      interrupted.isCold = true;
      const answer = LINES_OF_AN_ANSWER * this.lineFrom(answers, target) + (isIdle ? wakeIdle : 0);
      lastAnswer = Math.max(lastAnswer, this.now + ipiEntry + flush) + answer;
      answers = target;
      this.#takeFrom(target, lastAnswer - this.now);
      this.#plan(lastAnswer - this.now, isAnswered);
      target += 1;
      sends();
    };
    let unsent = targets;
    const sends = () => {
      if (unsent === 0) return;
      unsent -= 1;
      this.sent += 1;
      this.#plan(ipiSend, arrives);
    };
    if (targets === 0) this.#plan(flush, ends);
    else sends();
  }
}

function newCpu(number: number, program: Program | undefined, isWorker: boolean): Cpu {
  return { number, program, isWorker, state: "idle", taken: 0, waitsSince: 0, isCold: false };
}

/** A power law through points: y = c x^k, by least squares of the logarithms. */
export interface PowerLaw {
  readonly exponent: number;
  /** Its standard error. */
  readonly error: number;
}

/** Through at least three points, all above 0. */
export function powerLawThrough(points: readonly (readonly [x: number, y: number])[]): PowerLaw {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
  const [midX, midY] = [mean(logs.map(([x]) => x)), mean(logs.map(([, y]) => y))];
  const spread = logs.reduce((sum, [x]) => sum + (x - midX) ** 2, 0);
  const exponent = logs.reduce((sum, [x, y]) => sum + (x - midX) * (y - midY), 0) / spread;
  const missed = logs.reduce((sum, [x, y]) => sum + (y - midY - exponent * (x - midX)) ** 2, 0);
  return { exponent, error: Math.sqrt(missed / (logs.length - 2) / spread) };
}
