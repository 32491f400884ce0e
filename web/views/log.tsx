/** The log of a kernel: what happened over time, with violations as pins, and the areas around each. */
import { useMemo, useState } from "preact/hooks";
import type { LogDocument } from "../../jobs/page/documents.ts";
import { page } from "../../spec/vmap/vocabulary.ts";
import { axisOf, whole } from "../map/axis.ts";
import { AddressMap } from "../map/map.tsx";
import { kindsOf, rowsOf } from "../map/rows.ts";
import { Waiting, Wide } from "../parts.tsx";
import { useDocument } from "../source.ts";

export function LogView() {
  const loaded = useDocument("log", "log");
  return <Waiting loaded={loaded}>{(log) => <Log log={log} />}</Waiting>;
}

type Violation = LogDocument["violations"][number];
type Sample = LogDocument["samples"][number];

const many = (count: number) => Math.round(count).toLocaleString("en");

function Log({ log }: { readonly log: LogDocument }) {
  const { file, about, violated, violations, laws, windows, callers, lost, peak, totals } = log;
  const [chosen, setChosen] = useState<Violation | undefined>(violations[0]);
  const limit = peak.lazyMost === null ? "" : ` of ${many(peak.lazyMost)}`;
  return (
    <article class="log">
      <h1>{file}</h1>
      <p class={`verdict ${violated > 0 ? "violated" : ""}`}>
        {violated > 0
          ? `${many(violated)} ${violated === 1 ? "violation" : "violations"}`
          : "Nothing violated"}
      </p>
      <p>
        {about}
        {lost > 0 ? `; ${many(lost)} events were lost` : ""}.
      </p>
      <section aria-label="Time line">
        <Line
          log={log}
          label="allocations"
          says={many(totals.allocated ?? 0)}
          of={({ allocated }) => allocated}
        />
        <Line log={log} label="frees" says={many(totals.freed ?? 0)} of={({ freed }) => freed} />
        <Line
          log={log}
          label="purges"
          says={many(totals.purgesOfAreas ?? 0)}
          of={({ purgesOfAreas }) => purgesOfAreas}
        />
        <Line
          log={log}
          label="lazy pages"
          says={`at most ${many(peak.lazyPages)}${limit}`}
          of={({ lazyPages }) => lazyPages}
          limit={({ lazyMost }) => lazyMost}
        />
        <Line
          log={log}
          label="live pages"
          says={many(log.samples.at(-1)?.livePages ?? 0)}
          of={({ livePages }) => livePages}
        />
        <Line log={log} label="areas" says={`at most ${many(peak.areas)}`} of={({ areas }) => areas} />
        <Pins log={log} chosen={chosen} choose={setChosen} />
      </section>
      {chosen === undefined ? null : <Chosen violation={chosen} />}
      <Laws laws={laws} />
      <Wide label="Table">
        <table>
          <caption>Windows, and how fragmented they are at the end</caption>
          <thead>
            <tr>
              {["window", "areas", "live pages", "lazy pages", "holes", "largest hole", "fragmentation"].map(
                (each) => (
                  <th key={each} scope="col">
                    {each}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {windows.map(({ start, end, areas, livePages, lazyPages, holes, largestHole, fragmentation }) => (
              <tr key={start}>
                <th scope="row">
                  {page(start)} to {page(end)}
                </th>
                {[areas, livePages, lazyPages, holes, largestHole].map((each, nth) => (
                  <td key={nth}>{many(each)}</td>
                ))}
                <td>{(100 * fragmentation).toFixed(0)} %</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
      <p class="source">
        Asked most: {callers.map(({ name, allocations }) => `${name} ${many(allocations)}`).join(", ") || "-"}
      </p>
    </article>
  );
}

const WIDE = 1000;
const HIGH = 40;

const placeOf = ({ first, last }: LogDocument, time: number) =>
  (WIDE * (time - first)) / Math.max(1, last - first);

interface LineProps {
  readonly log: LogDocument;
  readonly label: string;
  readonly says: string;
  of(sample: Sample): number;
  limit?(sample: Sample): number | null;
}

/** One quantity over time; a dashed line is the kernel's limit. */
function Line({ log, label, says, of, limit }: LineProps) {
  const limits = limit === undefined ? [] : log.samples.flatMap((each) => limit(each) ?? []);
  const most = Math.max(1, ...log.samples.map(of), ...limits);
  const high = (value: number) => HIGH - (HIGH - 2) * (value / most);
  const points = log.samples.map(
    (each) => `${placeOf(log, each.time).toFixed(1)},${high(of(each)).toFixed(1)}`,
  );
  const top = Math.max(...limits);
  return (
    <div class="line-row">
      <span>{label}</span>
      <svg
        viewBox={`0 0 ${WIDE} ${HIGH}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label} over time: ${says}`}
      >
        <polygon points={`0,${HIGH} ${points.join(" ")} ${WIDE},${HIGH}`} />
        {limits.length === 0 ? null : <line class="limit" x1="0" x2={WIDE} y1={high(top)} y2={high(top)} />}
      </svg>
      <span>{says}</span>
    </div>
  );
}

interface PinsProps {
  readonly log: LogDocument;
  readonly chosen: Violation | undefined;
  choose(violation: Violation): void;
}

/** The violations where they happened, and as a list. */
function Pins({ log, chosen, choose }: PinsProps) {
  if (log.violations.length === 0) return null;
  return (
    <>
      <div class="line-row" aria-hidden="true">
        <span>violations</span>
        <div class="pin-row">
          {log.violations.map((each) => (
            <button
              key={`${each.line} ${each.law}`}
              type="button"
              tabIndex={-1}
              class={each === chosen ? "pin chosen" : "pin"}
              title={`line ${each.line}: ${each.law}`}
              style={{ left: `${placeOf(log, each.time) / (WIDE / 100)}%` }}
              onClick={() => choose(each)}
            />
          ))}
        </div>
        <span>{log.violations.length} shown</span>
      </div>
      <label>
        Violation{" "}
        <select
          value={chosen === undefined ? "" : String(log.violations.indexOf(chosen))}
          onChange={(event) => {
            const found = log.violations[Number(event.currentTarget.value)];
            if (found !== undefined) choose(found);
          }}
        >
          {log.violations.map(({ law, line }, nth) => (
            <option key={nth} value={String(nth)}>
              line {line}: {law}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

function Chosen({
  violation: { law, line, says, events, things, cuts, marks },
}: {
  readonly violation: Violation;
}) {
  const axis = useMemo(() => axisOf(cuts), [cuts]);
  const [view, setView] = useState(() => whole(axis));
  const rows = useMemo(() => {
    const all = new Map(things.map((thing, nth) => [String(nth), thing]));
    return rowsOf(all, new Set(), new Map(), kindsOf(things, []));
  }, [things]);
  return (
    <section class="why" aria-label="Why it is a violation">
      <h2>
        {law} is violated at line {line}
      </h2>
      <p class="blame">{says}</p>
      {axis.columns === 0 ? null : (
        <AddressMap
          axis={axis}
          view={view.span > axis.columns ? whole(axis) : view}
          setView={setView}
          rows={rows}
          flushes={[]}
          window={null}
          marks={marks}
          cache={undefined}
          step={line}
          says={`The areas around the violation at line ${line}`}
        />
      )}
      <ul>
        {events.map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
    </section>
  );
}

function Laws({ laws }: { readonly laws: LogDocument["laws"] }) {
  return (
    <Wide label="Table">
      <table>
        <caption>How often each law was judged, and how often it could not be</caption>
        <thead>
          <tr>
            {["law", "judged", "violated", "undecided", "blind", "why not"].map((each) => (
              <th key={each} scope="col">
                {each}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {laws.map(({ id, says, judged, violated, undecided, blind, why }) => (
            <tr key={id} class={violated > 0 ? "stale" : ""}>
              <th scope="row" title={says}>
                {id}
              </th>
              {[judged, violated, undecided, blind].map((each, nth) => (
                <td key={nth}>{many(each)}</td>
              ))}
              <td>{why.join("; ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}
