/** The version of this package. */
import { readFileSync } from "node:fs";

const PACKAGE = new URL(
  import.meta.url.includes("/dist/") ? "../../package.json" : "../package.json",
  import.meta.url,
);

export const VERSION: string = JSON.parse(readFileSync(PACKAGE, "utf8")).version;
