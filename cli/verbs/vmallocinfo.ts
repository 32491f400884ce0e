/** `vmallocinfo`: the map of the space, its users and its room. */
import { type VmallocinfoOptions as Options, vmallocinfo } from "../../jobs/logs/vmallocinfo.ts";
import { hexOfPage } from "../../properties/vmap/log/hex.ts";
import { AS_EXPECTED, UNEXPECTED } from "../exit.ts";
import { type JsonOption, print } from "../output.ts";
import { readingText } from "../show/reading.ts";

export type VmallocinfoOptions = Options & JsonOption;

export async function vmallocinfoVerb(
  file: string,
  { json, ...options }: VmallocinfoOptions,
): Promise<number> {
  const readings = await vmallocinfo(file, options);
  if (json)
    console.log(
      JSON.stringify({ file, readings }, (key, value) => (isPage(key, value) ? hexOfPage(value) : value)),
    );
  else print(readings.map(readingText).join("\n\n"));
  return readings.some(({ faults }) => faults.length > 0) ? UNEXPECTED : AS_EXPECTED;
}

/** Where something begins and ends are addresses; all other numbers are counts. */
const isPage = (key: string, value: unknown) =>
  (key === "start" || key === "end") && typeof value === "number";
