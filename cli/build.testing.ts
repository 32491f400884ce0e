/**
 * Builds the command line before the whole suite, beside what a user's `npm run build` makes. Two whole suites at once
 * need a checkout each.
 */
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
export const BUILT: string = join(ROOT, "node_modules/.vmapcheck/built");

export async function setup(): Promise<void> {
  const { build } = await import("vite");
  await build({
    configFile: join(ROOT, "vite.config.ts"),
    logLevel: "error",
    build: { outDir: BUILT, emptyOutDir: true },
  });
  await copyFile(join(ROOT, "package.json"), join(BUILT, "package.json"));
}
