/**
 * How the package is bundled into dist/: the command line, the three exports, and each file that starts as a thread or
 * a process, in chunks that they share. `list` loads 34 of them. By tsc it had 277 files, those of dependencies included, and took 0.1 s of CPU more.
 * Dependencies stay outside. What is imported only when it is needed still is.
 */
import { cpSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import type { Plugin, UserConfig } from "vite";

const ROOT = import.meta.dirname;
const ENTRIES = [
  "cli/main",
  "jobs/index",
  "spec/contract",
  "engine/index",
  // Threads import it by its address (`sourceOf`).
  "jobs/subject",
  // It reads itself: a tree is compiled anew after it changed (`keyOf`).
  "trees/build",
];
/** What the files in dist/ read at run time, beside what reads it. */
const DATA = ["counterexamples", "trees", "jobs/reproducer/runtime.c", "costs/opteron-2008.json"];

const THREAD = /new URL\("(\.[^"]+\.ts)", import\.meta\.url\)/g;
const ADDRESS = /addressInDist\("([^"]+)"\)/g;

const inDist = (path: string) => relative(ROOT, path).replace(/\.ts$/, ".js");

/**
 * A chunk lies elsewhere than the sources in it. Each of them keeps the address that it would have by itself in dist/, as
 * its `import.meta.url`: there it finds what it reads and what it starts.
 */
const addresses: Plugin = {
  name: "addresses",
  transform(code, id) {
    if (!code.includes("import.meta.url")) return null;
    for (const [, file] of code.matchAll(THREAD)) {
      const path = join(dirname(id), file as string);
      this.emitFile({ type: "chunk", id: path, fileName: inDist(path) });
    }
    return code.replaceAll("import.meta.url", `addressInDist("${inDist(id)}")`);
  },
  renderChunk(code, { fileName }) {
    return code.replaceAll(ADDRESS, (_, address: string) => {
      const path = posix.relative(posix.dirname(fileName), address);
      return `new URL("${path}", import.meta.url).href`;
    });
  },
  writeBundle({ dir = "dist" }) {
    const filter = (path: string) => !path.endsWith(".ts");
    for (const path of DATA) cpSync(join(ROOT, path), join(dir, path), { recursive: true, filter });
  },
};

const config: UserConfig = {
  plugins: [addresses],
  build: {
    ssr: true,
    target: "node20",
    minify: false,
    rolldownOptions: {
      input: Object.fromEntries(ENTRIES.map((name) => [name, join(ROOT, `${name}.ts`)])),
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "chunks/[name]-[hash].js",
        // A thread finds what builds its machine by the name of that function.
        keepNames: true,
        comments: { jsdoc: false },
      },
    },
  },
};

export default config;
