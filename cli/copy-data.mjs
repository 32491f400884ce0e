// Copies what tsc does not: the pinned histories, beside their bugs in dist/, and the C of trees and of reproducers.
import { cpSync } from "node:fs";

cpSync("counterexamples", "dist/counterexamples", {
  recursive: true,
  filter: (path) => !path.endsWith(".ts"),
});
cpSync("trees", "dist/trees", { recursive: true, filter: (path) => !path.endsWith(".ts") });
cpSync("jobs/reproducer", "dist/jobs/reproducer", { recursive: true });
