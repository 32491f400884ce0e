/** Tables and numbers as the benchmarks print them. */

/** Prints a heading and rows under it, the first column to the left and the others to the right. */
export function printTable(heading: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ");
  console.log(line(heading));
  console.log(widths.map((width) => "-".repeat(width)).join("  "));
  for (const row of rows) console.log(line(row));
}

/** A count or a rate, to the whole number, with thousands set apart. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** A ratio, with as many digits as it deserves. */
export function times(value: number): string {
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
