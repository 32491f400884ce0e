/** A long history of many areas, as a file: allocations and frees drawn from one seed. */
export function longHistory(steps: number, areas: number): string {
  let seed = 7;
  const below = (bound: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed % bound;
  };
  const commands: object[] = [];
  const live: number[] = [];
  while (commands.length < steps) {
    if (live.length < areas) {
      commands.push({
        op: "alloc",
        size: 1 + below(4),
        align: 1,
        vstart: 4096,
        vend: 20000,
        map: below(2) === 0,
      });
      live.push(commands.length);
    } else {
      const [area] = live.splice(below(live.length), 1);
      commands.push({ op: "free", area });
    }
  }
  const scope = { wordPages: 65536, cpus: 2, lazyMaxPages: 64 };
  return JSON.stringify({ vmapcheck: 2, kernel: "5.17", scope, commands });
}
