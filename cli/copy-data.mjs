// Copies what tsc does not: the pinned histories, beside their bugs in dist/.
import { cpSync } from "node:fs";

cpSync("counterexamples", "dist/counterexamples", {
  recursive: true,
  filter: (path) => !path.endsWith(".ts"),
});
