// Copies what tsc does not: the pinned histories, beside their bugs in dist/, the C of trees and of reproducers, costs.
import { cpSync } from "node:fs";

cpSync("counterexamples", "dist/counterexamples", {
  recursive: true,
  filter: (path) => !path.endsWith(".ts"),
});
cpSync("trees", "dist/trees", { recursive: true, filter: (path) => !path.endsWith(".ts") });
cpSync("jobs/reproducer/runtime.c", "dist/jobs/reproducer/runtime.c");
cpSync("costs/opteron-2008.json", "dist/costs/opteron-2008.json");
