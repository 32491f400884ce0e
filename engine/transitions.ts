/**
 * A digest of a machine's transitions: a saved search must belong to a machine with the same digest. Some thousand
 * states are expanded, alternately the oldest and the newest found, so that some lie deep.
 */
import { createHash } from "node:crypto";
import type { Batch } from "./search/batch.ts";
import { addInitial, batchFor, noFindings } from "./search/search.ts";
import { StateTable } from "./search/state-table.ts";
import type { Visitable } from "./search/visitable.ts";

/** Enough states to distinguish machines that differ by one check at the end of a long call. */
const VISITS = 4096;
/** Enough of a machine in which each state has many. */
const TRANSITIONS = 16_384;

/** Needs a machine of its own: the witnesses seen here would count elsewhere. */
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

/** Some transitions as bytes: their actions, the laws they violate, and the states they lead to. */
function wordsOf(machine: Visitable, { count, words, by, continues, violated, forms }: Batch): Uint8Array {
  const numbers: number[] = [count];
  for (let nth = 0; nth < count; nth++) {
    numbers.push(by[nth] as number, violated[nth] as number, continues[nth] as number);
    // A transition without a state wrote no form.
    if (continues[nth] === 0) continue;
    const at = nth * words;
    numbers.push(machine.violatedIn(forms, at), ...forms.subarray(at, at + words));
  }
  return bytesOf(Int32Array.from(numbers), numbers.length);
}

const bytesOf = ({ buffer, byteOffset }: Int32Array, words: number) =>
  new Uint8Array(buffer, byteOffset, words * Int32Array.BYTES_PER_ELEMENT);
