/** A concurrent log, judged with what /proc/vmallocinfo has at its end. */
import { fileOf } from "../../adapters/complaints.testing.ts";
import { ConcurrentLog } from "./concurrent-log.testing.ts";
import type { Setting } from "./concurrent-setting.testing.ts";
import { validate } from "./validate.ts";

export async function judged(setting: Setting) {
  const log = new ConcurrentLog(setting);
  const file = fileOf(log.run(), ".txt");
  const reading = log.reading();
  const vmallocinfo = reading.includes("0x") ? fileOf(reading, ".txt") : undefined;
  const report = await validate(file, { vmallocinfo, release: setting.release });
  return { report, isDefective: log.isDefective };
}
