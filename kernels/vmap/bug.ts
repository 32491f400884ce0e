/** Thrown where the kernel would stop. `act` turns it into a reply. */
export class KernelBug extends Error {}

/** BUG_ON: stops the kernel if the condition holds. */
export function bugOn(condition: boolean, text: string): void {
  if (condition) throw new KernelBug(text);
}
