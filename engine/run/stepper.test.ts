/** The engine on a machine that has nothing to do with vmap: a row of jars into which marbles are put. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { ActingMachine, Law, Naming, Setting, Spec } from "../../spec/contract.ts";
import { begin, lastPlayed, playing, replay } from "./stepper.ts";

/** How many marbles a jar is meant to hold. */
interface Size {
  readonly room: number;
}

type Step =
  /** Brings a new jar. */
  | { readonly do: "bring" }
  /** Puts marbles into the jar that step number `into` brought. */
  | { readonly do: "put"; readonly into: number; readonly marbles: number };

type Command =
  | { readonly do: "bring" }
  | { readonly do: "put"; readonly jar: string; readonly marbles: number };

/** The jar brought, or the marbles in the jar now; `shattered` when a jar went to pieces. */
type Reply = { readonly jar: string } | { readonly marbles: number } | { readonly shattered: true };

/** The jars of the machine; the world keeps what should be in them. */
type Jars = Map<string, number>;
type World = ReadonlyMap<string, number>;

/** Puts one marble too few into a jar when asked to put three. */
const clumsy: ActingMachine<Size, Jars, Command, Reply> = {
  name: "clumsy",
  promises: [],
  initial: () => new Map(),
  act: (jars, command) => {
    if (command.do === "bring") {
      const jar = `jar ${String.fromCharCode(65 + jars.size)}`;
      jars.set(jar, 0);
      return { jar };
    }
    const marbles = (jars.get(command.jar) ?? 0) + command.marbles - (command.marbles === 3 ? 1 : 0);
    if (marbles > 9) return { shattered: true };
    jars.set(command.jar, marbles);
    return { marbles };
  },
  step: (jars, command) => {
    const after = new Map(jars);
    return [after, clumsy.act(after, command)];
  },
};

const spec: Spec<Size, World, Command, Reply> = {
  initial: () => new Map(),
  enabled: () => [],
  after: (world, command, reply) => {
    if ("shattered" in reply) return undefined;
    if ("jar" in reply) return new Map(world).set(reply.jar, 0);
    return command.do === "bring" ? world : new Map(world).set(command.jar, reply.marbles);
  },
};

type JarLaw = Law<World, Command, Reply>;

const law = (id: string, holds: JarLaw["holds"]): JarLaw => ({
  id,
  says: `${id}.`,
  source: "this file",
  holds,
});

const countsRight = law("counts-right", (world, command, reply) => {
  if (command.do === "bring" || !("marbles" in reply)) return true;
  return reply.marbles === (world.get(command.jar) ?? 0) + command.marbles;
});

const roomy = law("roomy", (_world, _command, reply) => !("marbles" in reply) || reply.marbles <= 4);

/** The jar that each step brought, noted for every step in its turn. */
const naming: Naming<(string | undefined)[], Step, Command, Reply> = {
  begin: () => [],
  resolve: (jars, step) => {
    if (step.do === "bring") return step;
    const jar = jars[step.into];
    return jar === undefined ? undefined : { do: "put", jar, marbles: step.marbles };
  },
  note: (jars, _index, _step, reply) => {
    jars.push(reply !== undefined && "jar" in reply ? reply.jar : undefined);
  },
  without: (history) => [...history],
};

type JarSetting = Setting<Size, Jars, World, (string | undefined)[], Step, Command, Reply>;

const setting: JarSetting = {
  machine: clumsy,
  spec,
  laws: [countsRight, roomy],
  naming,
  scope: { room: 4 },
};

const bring: Step = { do: "bring" };
const put = (into: number, marbles: number): Step => ({ do: "put", into, marbles });

const anyHistory = fc.array(
  fc.oneof(
    fc.constant(bring),
    fc.record({
      do: fc.constant("put" as const),
      into: fc.nat(8),
      marbles: fc.integer({ min: 1, max: 3 }),
    }),
  ),
  { maxLength: 20, size: "max" },
);

describe("a stepper", () => {
  test("resolves names, asks the machine, and follows its answers", () => {
    const stepper = begin(setting);
    const played = [bring, bring, put(0, 2), put(0, 1)].map((step) => stepper.take(step));
    expect(played.map((each) => each.command)).toEqual([
      bring,
      bring,
      { do: "put", jar: "jar A", marbles: 2 },
      { do: "put", jar: "jar A", marbles: 1 },
    ]);
    expect(played.map((each) => each.response)).toEqual([
      { jar: "jar A" },
      { jar: "jar B" },
      { marbles: 2 },
      { marbles: 3 },
    ]);
    expect([...stepper.world()]).toEqual([
      ["jar A", 3],
      ["jar B", 0],
    ]);
    expect(stepper.state.get("jar A")).toBe(3);
  });

  test("does nothing on a step that names nothing, and still counts it", () => {
    const stepper = begin(setting);
    const nothing = stepper.take(put(0, 2));
    expect(nothing).toMatchObject({ index: 0, command: undefined, response: undefined, violated: [] });
    expect(nothing.after).toBe(nothing.before);
    expect(stepper.state.size).toBe(0);
    expect([stepper.take(bring).index, stepper.take(put(0, 1)).command]).toEqual([1, undefined]);
    expect(stepper.take(put(1, 1)).response).toEqual({ marbles: 1 });
  });

  test("reports every law a reply violates, in the order given, and continues with the world that follows", () => {
    const stepper = begin(setting);
    for (const step of [bring, put(0, 2), put(0, 2)]) expect(stepper.take(step).violated).toEqual([]);
    const both = stepper.take(put(0, 3));
    expect(both.violated).toEqual([countsRight, roomy]);
    expect(both.after).toBe(stepper.world());
    expect(stepper.take(put(0, 1)).violated).toEqual([roomy]);
  });

  test("keeps the last world there was when the machine stops", () => {
    const stepper = begin({ ...setting, laws: [] });
    for (const step of [bring, put(0, 8)]) stepper.take(step);
    const stopped = stepper.take(put(0, 2));
    expect(stopped).toMatchObject({ response: { shattered: true }, after: undefined, violated: [] });
    expect(stepper.world().get("jar A")).toBe(8);
  });
});

describe("a replay", () => {
  const history = [bring, put(0, 1), put(0, 3), bring, put(3, 2), put(3, 2), put(3, 1), put(3, 1)];

  test("stops at the first violation, which it includes", () => {
    expect(replay(setting, history).map((each) => each.violated)).toEqual([[], [], [countsRight]]);
  });

  test("asked for one law, stops where that one is violated first", () => {
    const played = replay(setting, history, "roomy");
    expect(played).toHaveLength(7);
    expect(played.at(-1)?.violated).toEqual([roomy]);
  });

  test("plays to the end when no law is violated, and stops when the machine does", () => {
    expect(replay({ ...setting, laws: [] }, history)).toHaveLength(history.length);
    expect(replay({ ...setting, laws: [] }, [bring, put(0, 8), put(0, 2), bring])).toHaveLength(3);
  });

  test.prop([anyHistory])("has no violation before its last step, and is what a stepper gives", (steps) => {
    const played = replay(setting, steps);
    const stepper = begin(setting);
    expect(played).toEqual(steps.slice(0, played.length).map((step) => stepper.take(step)));
    for (const each of played.slice(0, -1)) expect(each.violated).toEqual([]);
    if (played.length < steps.length) expect(played.at(-1)?.violated).not.toEqual([]);
  });
});

describe("playing", () => {
  /** Jars for ever, but for a put that violates a law after this many. */
  function* endless(jars: number): Generator<Step> {
    for (let nth = 0; nth < jars; nth++) yield bring;
    yield put(0, 3);
    for (;;) yield bring;
  }

  test("yields each step as it is played, and reads no more of a history than it needs", () => {
    const indices: number[] = [];
    for (const { index } of playing(setting, endless(3))) indices.push(index);
    expect(indices).toEqual([0, 1, 2, 3]);
  });

  test("ends when the consumer takes no more steps", () => {
    for (const { index } of playing(setting, endless(Number.POSITIVE_INFINITY))) if (index === 1000) break;
  });

  test.prop([anyHistory])("reaches the same last step as a replay that keeps all steps", (history) => {
    expect(lastPlayed(setting, history)).toEqual(replay(setting, history).at(-1));
  });
});
