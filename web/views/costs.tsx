/** What laziness costs and saves: a simulation that is run when it is asked for. */
import type { CostsDocument } from "../../jobs/page/documents.ts";
import { Waiting, Wide } from "../parts.tsx";
import { addressOf, linkTo } from "../route.ts";
import { useDocument } from "../source.ts";

const CPUS = ["4", "16", "64", "256"];

export function CostsView({ words }: { readonly words: URLSearchParams }) {
  const [part, cpus] = [words.get("part"), words.get("cpus")];
  const loaded = useDocument(addressOf("costs", { part, cpus }), "costs");
  return (
    <article class="costs">
      <h1>What laziness costs, and saves</h1>
      <Waiting loaded={loaded}>{(costs) => <Costs costs={costs} />}</Waiting>
    </article>
  );
}

function Costs({ costs: { part, parts, cpus, machine, tables, plot } }: { readonly costs: CostsDocument }) {
  const go = (to: string, most: string) => {
    location.hash = linkTo(addressOf("costs", { part: to, cpus: most }));
  };
  return (
    <>
      <p>Simulated on: {machine}.</p>
      <form class="tools" onSubmit={(event) => event.preventDefault()}>
        <label>
          Part{" "}
          <select value={part} onChange={(event) => go(event.currentTarget.value, String(cpus))}>
            {parts.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <label>
          CPUs, of growth{" "}
          <select value={String(cpus)} onChange={(event) => go(part, event.currentTarget.value)}>
            {CPUS.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </form>
      {plot === null ? null : (
        <img
          class="plot"
          alt={`${part} as a plot; its figures are in the tables below`}
          src={`data:image/svg+xml,${encodeURIComponent(plot)}`}
        />
      )}
      {tables.map(({ title, head, rows }) => (
        <Wide key={title} label={title}>
          <table>
            <caption>{title}</caption>
            <thead>
              <tr>
                {head.map((each, nth) => (
                  <th key={nth} scope="col">
                    {each}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row, nth) => (
                <tr key={nth}>
                  {row.map((each, column) =>
                    column === 0 ? (
                      <th key={column} scope="row">
                        {each}
                      </th>
                    ) : (
                      <td key={column}>{each}</td>
                    ),
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      ))}
    </>
  );
}
