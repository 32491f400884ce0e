/**
 * What a machine does, as a digest: a search that was saved is of a machine that does the same. Some thousand states
 * are asked for all that can be found of them, by turns the oldest and the newest met, so that some lie deep.
 */
import { createHash } from "node:crypto";
import type { Batch } from "./search/batch.ts";
import type { Visitable } from "./search/explore.ts";
import { addInitial, batchFor, noFindings } from "./search/search.ts";
import { StateTable } from "./search/state-table.ts";

/** So many distinguish machines of which one has a check at the end of a long call that the other has not. */
const VISITS = 4096;
/** Enough of a machine in which each state has many. */
const TRANSITIONS = 16_384;

/** Asked of a machine that nothing else visits: what is seen here would be counted there. */
export function behaviourOf(machine: Visitable): string {
  const digest = createHash("sha256");
  const batch = batchFor(machine);
  const reached = new StateTable(machine.words);
  addInitial(machine, reached, batch, noFindings(machine));
  digest.update(bytesOf(batch.forms, machine.words));
  let [oldest, transitions] = [0, 0];
  for (let visit = 0; visit < VISITS && transitions < TRANSITIONS; visit++) {
    if (oldest === reached.count) break;
    const number = visit % 2 === 0 ? oldest++ : reached.count - 1;
    batch.count = 0;
    machine.expand(number, reached, batch);
    reached.addAll(batch);
    digest.update(wordsOf(machine, batch));
    transitions += batch.count;
  }
  return digest.digest("hex");
}

/** Some transitions as bytes: whose they are, what they break, and where they lead. */
function wordsOf(machine: Visitable, { count, words, by, goesOn, broken, forms }: Batch): Uint8Array {
  const numbers: number[] = [count];
  for (let nth = 0; nth < count; nth++) {
    numbers.push(by[nth] as number, broken[nth] as number, goesOn[nth] as number);
    // What leads nowhere wrote no form.
    if (goesOn[nth] === 0) continue;
    const at = nth * words;
    numbers.push(machine.brokenIn(forms, at), ...forms.subarray(at, at + words));
  }
  return bytesOf(Int32Array.from(numbers), numbers.length);
}

const bytesOf = ({ buffer, byteOffset }: Int32Array, words: number) =>
  new Uint8Array(buffer, byteOffset, words * Int32Array.BYTES_PER_ELEMENT);
