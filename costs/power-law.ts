/** A power law through points: y = c x^k, by least squares of the logarithms. */
export interface PowerLaw {
  readonly exponent: number;
  /** Its standard error. */
  readonly error: number;
}

/** Through at least three points, all above 0. */
export function powerLawThrough(points: readonly (readonly [x: number, y: number])[]): PowerLaw {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
  const [midX, midY] = [mean(logs.map(([x]) => x)), mean(logs.map(([, y]) => y))];
  const spread = logs.reduce((sum, [x]) => sum + (x - midX) ** 2, 0);
  const exponent = logs.reduce((sum, [x, y]) => sum + (x - midX) * (y - midY), 0) / spread;
  const missed = logs.reduce((sum, [x, y]) => sum + (y - midY - exponent * (x - midX)) ** 2, 0);
  return { exponent, error: Math.sqrt(missed / (logs.length - 2) / spread) };
}
