/** Memory that is not there, distinguished from mistakes. */

/** There is no memory for more states. */
export class OutOfMemory extends Error {}

/**
 * What `make` allocates, and does nothing else. Throws OutOfMemory where there is no memory for it: typed arrays throw
 * a RangeError then, which any mistake with their lengths is as well.
 */
export function allocated<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw new OutOfMemory(error.message, { cause: error });
    throw error;
  }
}
