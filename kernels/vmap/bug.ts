/** Thrown where the kernel would stop. `act` turns it into a reply. */
export class KernelBug extends Error {}

/** BUG_ON: stops the kernel if the condition holds. */
export function bugOn(condition: boolean, text: string): void {
  if (condition) throw new KernelBug(text);
}

/** Thrown if a call takes more turns than any that returns. `act` turns it into a reply. */
export class NeverReturns extends Error {}

/** Of a scan that has passed more areas than exist: detected this way where taking turns would cost too much. */
export const ROUND_THE_LIST = "alloc_vmap_area: the scan goes round and round";

/** Turns that any call may take, and more for each area, block and free extent it may have to look at. */
export const LEAST_TURNS = 1024;
