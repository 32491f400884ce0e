import { describe, expect, test } from "vitest";
import type { GatherKernel } from "../../kernels/gather/gather-kernel.ts";
import { KERNELS, kernelCalled } from "../../kernels/gather/index.ts";
import type { State } from "../../kernels/gather/state.ts";
import { FINGERPRINT_WORDS, Fingerprint } from "../../spec/fingerprint.ts";
import { naming, says, simpler } from "../../spec/gather/commands.ts";
import { scopesFor } from "../../spec/gather/scopes.ts";
import { witnessesFor } from "../../spec/gather/witnesses.ts";
import { walk } from "./walk.testing.ts";

const RUN = { seed: 1, histories: 8, length: 30 };

const REPAIRED = ["4.15.18", "4.19", "5.2.1", "5.4.18", "5.11", "5.17", "6.1.10", "6.8", "6.12", "6.19.10"];

describe("random histories", () => {
  test.each(REPAIRED)("%s keeps all it promises where tables are invalidated", (label) => {
    const kernel = kernelCalled(`gather-${label}`);
    if (kernel === undefined) throw new Error(label);
    for (const scope of scopesFor(kernel.release).filter(({ arch }) => arch !== "gen")) {
      for (const { command, violated } of walk(kernel, scope, RUN)) {
        expect([scope.name, says(command), violated.map(({ id }) => id)]).toEqual([
          scope.name,
          says(command),
          [],
        ]);
      }
    }
  });

  test("No command of a caller who keeps the rules is refused", () => {
    for (const kernel of KERNELS) {
      for (const scope of scopesFor(kernel.release)) {
        for (const { command, response } of walk(kernel, scope, { ...RUN, histories: 4 }))
          expect([command, response.refused]).toEqual([command, undefined]);
      }
    }
  });

  test.each(KERNELS)("Every witness of $name is reached", (kernel) => {
    const left = new Set(witnessesFor(kernel.release));
    for (const scope of scopesFor(kernel.release)) {
      for (const { before, command, response, after } of walk(kernel, scope, { ...RUN, histories: 60 })) {
        for (const witness of left) if (witness.seen(before, command, response, after)) left.delete(witness);
        if (left.size === 0) return;
      }
    }
    expect([...left].map(({ id }) => id)).toEqual([]);
  });
});

const words = (add: (to: Fingerprint) => void): string => {
  const print = new Fingerprint();
  const into = new Int32Array(FINGERPRINT_WORDS);
  print.begin();
  add(print);
  print.write(into, 0);
  return into.join();
};

describe("a kernel", () => {
  test("A step is a copy followed by an act, and leaves the state as it was", () => {
    for (const label of ["gather-2.6.28", "gather-3.9.6", "gather-6.19.10", "gather-3.1-ppc64"]) {
      const kernel = kernelCalled(label);
      if (kernel === undefined) throw new Error(label);
      for (const scope of scopesFor(kernel.release)) {
        const printOf = (state: State) => words((to) => kernel.add(state, to));
        const stepped = new Set<string>();
        const stepsFirst: GatherKernel = {
          ...kernel,
          act(state, command) {
            const print = printOf(state);
            const [next, response] = kernel.step(state, command);
            expect(printOf(state)).toBe(print);
            const printOfNext = printOf(next);
            expect(kernel.act(state, command)).toEqual(response);
            expect(printOf(state)).toBe(printOfNext);
            expect(printOf(next)).toBe(printOfNext);
            stepped.add(command.op);
            return response;
          },
        };
        const walked = [...walk(stepsFirst, scope, { ...RUN, histories: 2 })];
        expect(stepped).toEqual(new Set(walked.map(({ command }) => command.op)));
        expect(stepped.size).toBeGreaterThan(2);
      }
    }
  });

  test("A history is shrunk by leaving commands out, and by making one simpler", () => {
    const zap = { op: "zap", g: 0, addr: 0, n: 2, pfn: 100, dirty: true } as const;
    expect(naming.without([zap, zap], new Set([0]))).toEqual([zap]);
    expect([...simpler(zap)]).toEqual([
      { op: "zap", g: 0, addr: 0, n: 2, pfn: 100 },
      { op: "zap", g: 0, addr: 0, n: 1, pfn: 100 },
    ]);
  });
});
