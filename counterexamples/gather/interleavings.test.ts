/** No protocol of gather in its usual scope violates a law without a bug of the catalogue. */
import { describe, expect, test } from "vitest";
import { visitActions } from "../../engine/actions.ts";
import { BOUNDS } from "../../engine/bounds.testing.ts";
import { explore } from "../../engine/search/explore.ts";
import { STEP_PROTOCOLS } from "../../protocols/gather/index.ts";
import { nameInterleaved } from "../interleavings.ts";

describe.each(STEP_PROTOCOLS.map((protocol) => ({ name: protocol.name, protocol })))(
  "$name",
  ({ name, protocol }) => {
    const scope = Object.fromEntries(
      Object.entries(protocol.parameters).map(([key, { usual }]) => [key, usual]),
    );

    test(`${name} is visited whole in its usual scope, and each law it violates has a bug of the catalogue`, () => {
      const { ended, violations } = explore(visitActions(protocol.machine(scope), { symmetry: true }), {
        bounds: BOUNDS,
        enough: () => false,
      });
      expect(ended).toBe("fixpoint");
      const unknown = violations.filter(({ law }) => nameInterleaved(name, law) === undefined);
      expect(unknown).toEqual([]);
    });
  },
);
