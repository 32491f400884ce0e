/** Text for a terminal: lines of a given width, counts. */
/** Text in lines of at most `width` letters, indented; a longer word is cut. */
export function filled(text: string, indent: number, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).flatMap((each) => pieces(each, width - indent))) {
    if (line !== "" && indent + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => `${" ".repeat(indent)}${each}`.trimEnd());
}

function pieces(word: string, most: number): string[] {
  return word.match(new RegExp(`.{1,${most}}`, "gu")) ?? [];
}

/** `1 step`, `2 replies`. */
export function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : noun.endsWith("y") ? `${noun.slice(0, -1)}ies` : `${noun}s`}`;
}
