/** The report on a campaign: each task, what it found, and the films of that. */
import type { CampaignDocument } from "../../jobs/page/documents.ts";
import { Waiting, Wide } from "../parts.tsx";
import { linkTo } from "../route.ts";
import { useDocument } from "../source.ts";

export function CampaignView() {
  const loaded = useDocument("campaign", "campaign");
  return <Waiting loaded={loaded}>{(campaign) => <Campaign campaign={campaign} />}</Waiting>;
}

function Campaign({ campaign }: { readonly campaign: CampaignDocument }) {
  const { name, seed, totals, open, histories, states, tasks } = campaign;
  const counts = Object.entries(totals).map(([outcome, count]) => `${count} ${outcome}`);
  return (
    <article class="campaign">
      <h1>Campaign {name}</h1>
      <p role="status">
        {[...counts, `${open.length} without a result`].join(", ")}; {histories} random histories, {states}{" "}
        states, seed {seed}
      </p>
      <Wide label="Tasks">
        <table>
          <thead>
            <tr>
              <th scope="col">Outcome</th>
              <th scope="col">Task</th>
              <th scope="col">Result</th>
              <th scope="col">Seconds</th>
            </tr>
          </thead>
          <tbody>
            {tasks.map((task) => (
              <tr key={task.id}>
                <td>{task.outcome}</td>
                <td>{task.id}</td>
                <td>
                  {task.says}
                  {task.findings.length === 0 ? null : <Findings findings={task.findings} />}
                </td>
                <td>{task.seconds.toFixed(1)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </article>
  );
}

function Findings({ findings }: Pick<CampaignDocument["tasks"][number], "findings">) {
  return (
    <ul>
      {findings.map(({ law, subject, bug, commands, opens }, nth) => {
        const by = bug === null ? "" : `, by ${bug}`;
        const text = `${subject}: ${law}${commands === null ? "" : ` in ${commands}`}${by}`;
        return <li key={`${nth} ${text}`}>{opens === null ? text : <a href={linkTo(opens)}>▶ {text}</a>}</li>;
      })}
    </ul>
  );
}
