/** Lines of at most so many columns. */
const WIDTH = 100;
const INDENT = "      ";

/** A line in pieces that fit, the later ones set in. */
export function wrapped(line: string): string[] {
  const pieces: string[] = [];
  let rest = line;
  while (rest.length > WIDTH) {
    const at = rest.lastIndexOf(" ", WIDTH);
    if (at <= INDENT.length) break;
    pieces.push(rest.slice(0, at).trimEnd());
    rest = `${INDENT}${rest.slice(at + 1)}`;
  }
  return [...pieces, rest];
}
