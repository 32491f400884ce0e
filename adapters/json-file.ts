/** A small JSON file, gzipped or plain, as a document. */
import { inputError, whyUnread } from "./input-error.ts";
import { IS_UTF16, isUtf16, lookAt, markIn, textOf } from "./lines.ts";

/** In bytes, of a history. */
const LARGEST = 16 * 1024 * 1024;

/**
 * Reads it. Throws an InputError for a missing file, for one that is not JSON or exceeds this number of bytes (16 MB, as a
 * history), and for what is no regular file: the size of a device or a pipe says nothing about what it yields.
 */
export async function readJson(path: string, largest = LARGEST): Promise<unknown> {
  let text = "";
  try {
    const { size, zipped } = await lookAt(path);
    const tooLarge = () =>
      inputError(path, undefined, `is larger than ${largest} bytes, the most that is read`);
    if (size > largest) throw tooLarge();
    // The size that a file of /proc reports is not the amount to read; nor is that of a gzipped one.
    for await (const chunk of textOf(path, zipped)) {
      text += chunk;
      if (text.length > largest) throw tooLarge();
    }
    if (isUtf16(text)) throw inputError(path, undefined, IS_UTF16);
    text = text.slice(markIn(text));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw inputError(path, undefined, whyUnread(error as NodeJS.ErrnoException));
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw inputError(
      path,
      lineOfSyntaxError(text, error as Error),
      `is not JSON: ${(error as Error).message}`,
    );
  }
}

/** The line at which the parser gave up, if its message has it. */
function lineOfSyntaxError(text: string, error: Error): number | undefined {
  const at = /position (\d+)/.exec(error.message)?.[1];
  if (at === undefined && !/end of JSON/.test(error.message)) return undefined;
  return text.slice(0, at === undefined ? text.length : Number(at)).split("\n").length;
}
