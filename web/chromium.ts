/** Where Chromium is. Run by itself it says so, and ends with 1 where there is none. */
import { existsSync } from "node:fs";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";

const USUAL = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export function chromiumPath(): string | undefined {
  const named = process.env.VMAPCHECK_CHROMIUM;
  return (named === undefined ? USUAL : [named]).find((path) => existsSync(path));
}

if (argv[1] === fileURLToPath(import.meta.url) && chromiumPath() === undefined) {
  console.error("test:web: there is no Chromium: apt-get install chromium, or VMAPCHECK_CHROMIUM=PATH");
  process.exitCode = 1;
}
