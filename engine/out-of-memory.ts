/** Out of memory, distinguished from mistakes. */

/** There is no memory for more states. */
export class OutOfMemory extends Error {}

/**
 * Returns what `make` allocates; `make` must do nothing else. Throws OutOfMemory if there is no memory for it: typed
 * arrays throw a RangeError then, as they do for a wrong length.
 */
export function allocated<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw new OutOfMemory(error.message, { cause: error });
    throw error;
  }
}
