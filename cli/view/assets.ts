/** The built page: shipped in the package; in a checkout it is built when it is first asked for. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../jobs/usage-error.ts";

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

/** The files of the page by their address, `/` first. */
export async function pageAssets(): Promise<ReadonlyMap<string, Asset>> {
  const directory = await builtPage();
  const names = await readdir(directory, { recursive: true });
  const files = names.filter((name) => TYPES[extname(name)] !== undefined);
  const assets = await Promise.all(
    files.map(async (name) => {
      const type = TYPES[extname(name)] as string;
      const address = name === "index.html" ? "/" : `/${name}`;
      return [address, { type, body: await readFile(join(directory, name)) }] as const;
    }),
  );
  return new Map(assets.sort(([a], [b]) => a.localeCompare(b)));
}

/** Where the built page lies. */
async function builtPage(): Promise<string> {
  const beside = fileURLToPath(new URL("../../web", import.meta.url));
  // In the package this file lies in dist/cli/view, and the page is built in dist/web.
  if (existsSync(join(beside, "index.html")) && !existsSync(join(beside, "main.tsx"))) return beside;
  const built = fileURLToPath(new URL("../../dist/web", import.meta.url));
  if (isOlder(join(built, "index.html"), beside)) await buildPage(beside, built);
  return built;
}

/** Whether a built file is missing, or older than some source. */
function isOlder(built: string, sources: string): boolean {
  if (!existsSync(built)) return true;
  const { mtimeMs } = statSync(built);
  return readdirSync(sources, { recursive: true, withFileTypes: true }).some(
    (entry) => entry.isFile() && statSync(join(entry.parentPath, entry.name)).mtimeMs > mtimeMs,
  );
}

async function buildPage(root: string, outDir: string): Promise<void> {
  const { build } = await import("vite").catch(() => {
    throw new UsageError("the page is not built, and vite is not installed: npm ci, then view again");
  });
  await build({ root, configFile: join(root, "vite.config.ts"), logLevel: "error", build: { outDir } });
}
