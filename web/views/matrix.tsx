/** The matrix: each release against each law. A cell opens the history that violates it. */
import { useMemo, useState } from "preact/hooks";
import type { Matrix, MatrixCell, MatrixSubject } from "../../jobs/page/documents.ts";
import { Waiting, Wide } from "../parts.tsx";
import { linkTo } from "../route.ts";
import { documentAt, isReport, useDocument } from "../source.ts";

export function MatrixView({ words }: { readonly words: URLSearchParams }) {
  const loaded = useDocument("matrix", "matrix");
  return (
    <Waiting loaded={loaded}>
      {(matrix) => <MatrixTables matrix={matrix} hasTree={words.has("tree")} />}
    </Waiting>
  );
}

type Grain = "call" | "step";

interface Filter {
  readonly law: string;
  readonly release: string;
  readonly wing: string;
  readonly grain: Grain;
  readonly violated: boolean;
  /** Two subjects side by side; "" for all. */
  readonly left: string;
  readonly right: string;
}

const ALL: Filter = { law: "", release: "", wing: "", grain: "call", violated: false, left: "", right: "" };

function MatrixTables({ matrix, hasTree }: { readonly matrix: Matrix; readonly hasTree: boolean }) {
  const [filter, setFilter] = useState(ALL);
  const [checked, setChecked] = useState<ReadonlyMap<string, MatrixSubject>>(new Map());
  const [busy, setBusy] = useState<string>();
  const [failed, setFailed] = useState<string>();
  const check = async (names: readonly string[]) => {
    setFailed(undefined);
    for (const name of names) {
      setBusy(name);
      try {
        const found = await documentAt(`check?${new URLSearchParams({ kernel: name, runs: "100" })}`);
        const [subject] = found.kind === "matrix" ? found.subjects : [];
        if (subject !== undefined) setChecked((before) => new Map(before).set(name, subject));
      } catch (error) {
        setFailed(error instanceof Error ? error.message : String(error));
        break;
      }
    }
    setBusy(undefined);
  };
  const subjects = useMemo(() => {
    const known = matrix.subjects
      .filter(({ grain }) => grain === filter.grain)
      .map((each) => (filter.grain === "call" ? (checked.get(each.name) ?? each) : each));
    const tree = checked.get("tree");
    return tree === undefined || filter.grain === "step" ? known : [tree, ...known];
  }, [matrix, checked, filter.grain]);
  const shown = subjects.filter(
    ({ name, wing }) =>
      (filter.wing === "" || wing === filter.wing) &&
      name.includes(filter.release.trim()) &&
      ((filter.left === "" && filter.right === "") || [filter.left, filter.right].includes(name)),
  );
  const laws = matrix.laws.filter(
    ({ id, grain, wing }) =>
      grain === filter.grain &&
      (filter.wing === "" || wing === filter.wing) &&
      id.includes(filter.law.trim()) &&
      shown.some(({ cells }) =>
        cells.some(
          ({ law, verdict }) => law === id && (filter.violated ? isViolation(verdict) : verdict !== "absent"),
        ),
      ),
  );
  return (
    <article class="matrix">
      <h1>Which release keeps which law</h1>
      <Filters filter={filter} setFilter={setFilter} matrix={matrix} subjects={subjects} />
      <Checks
        check={check}
        busy={busy}
        failed={failed}
        subjects={shown}
        hasTree={hasTree}
        grain={filter.grain}
      />
      <p role="status" class="count">
        {laws.length} laws, {shown.length} subjects
      </p>
      <Table laws={laws} subjects={shown} compares={filter.left !== "" && filter.right !== ""} />
      <MatrixLegend />
    </article>
  );
}

const isViolation = (verdict: MatrixCell["verdict"]) => ["violated", "short", "unknown"].includes(verdict);

interface FiltersProps {
  readonly filter: Filter;
  readonly matrix: Matrix;
  readonly subjects: readonly MatrixSubject[];
  setFilter(filter: Filter): void;
}

function Filters({ filter, setFilter, matrix, subjects }: FiltersProps) {
  const wings = [...new Set(matrix.laws.map(({ wing }) => wing))];
  const set = (changes: Partial<Filter>) => setFilter({ ...filter, ...changes });
  const choice = (name: "left" | "right", says: string) => (
    <label>
      {says}{" "}
      <select value={filter[name]} onChange={(event) => set({ [name]: event.currentTarget.value })}>
        <option value="">all</option>
        {subjects.map(({ name }) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
  return (
    <form class="tools" onSubmit={(event) => event.preventDefault()} aria-label="Filter">
      <label>
        Calls{" "}
        <select
          value={filter.grain}
          onChange={(event) => set({ grain: event.currentTarget.value as Grain, left: "", right: "" })}
        >
          <option value="call">one after another</option>
          <option value="step">of several CPUs, interleaved</option>
        </select>
      </label>
      <label>
        Law{" "}
        <input
          type="search"
          value={filter.law}
          onInput={(event) => set({ law: event.currentTarget.value })}
        />
      </label>
      <label>
        Release{" "}
        <input
          type="search"
          size={8}
          value={filter.release}
          onInput={(event) => set({ release: event.currentTarget.value })}
        />
      </label>
      {wings.length < 2 ? null : (
        <label>
          Wing{" "}
          <select value={filter.wing} onChange={(event) => set({ wing: event.currentTarget.value })}>
            <option value="">all</option>
            {wings.map((wing) => (
              <option key={wing}>{wing}</option>
            ))}
          </select>
        </label>
      )}
      <span class="pair">
        {choice("left", "Side by side:")} {choice("right", "and")}
      </span>
      <label>
        <input
          type="checkbox"
          checked={filter.violated}
          onChange={(event) => set({ violated: event.currentTarget.checked })}
        />{" "}
        only laws that one violates
      </label>
      <button type="button" onClick={() => setFilter({ ...ALL, grain: filter.grain })}>
        Show all
      </button>
    </form>
  );
}

interface ChecksProps {
  readonly busy: string | undefined;
  readonly failed: string | undefined;
  readonly subjects: readonly MatrixSubject[];
  readonly hasTree: boolean;
  readonly grain: Grain;
  check(names: readonly string[]): void;
}

function Checks({ check, busy, failed, subjects, hasTree, grain }: ChecksProps) {
  if (isReport || grain === "step") return null;
  const names = subjects.map(({ name }) => name).filter((name) => !name.startsWith("tree:"));
  return (
    <p class="tools">
      <button type="button" disabled={busy !== undefined} onClick={() => check(names)}>
        Check these {names.length} now
      </button>
      {hasTree ? (
        <button type="button" disabled={busy !== undefined} onClick={() => check(["tree"])}>
          Check the tree
        </button>
      ) : null}
      <span role="status">
        {busy === undefined
          ? "The cells show what pinned histories violate. A check adds random histories, and every state of a small space."
          : `checking ${busy}`}
      </span>
      {failed === undefined ? null : <span role="alert">{failed}</span>}
    </p>
  );
}

interface TableProps {
  readonly laws: Matrix["laws"];
  readonly subjects: readonly MatrixSubject[];
  readonly compares: boolean;
}

function Table({ laws, subjects, compares }: TableProps) {
  const cells = subjects.map((each) => new Map(each.cells.map((cell) => [cell.law, cell])));
  const isOther = (law: string) => new Set(cells.map((each) => each.get(law)?.text ?? "")).size > 1;
  return (
    <Wide label="Matrix" kind="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">law</th>
            {subjects.map(({ name, says }) => (
              <th key={name} scope="col" title={says}>
                {name.replace("piggin-", "").replace("-ubuntu", "u")}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {laws.map(({ id, says }) => (
            <tr key={id} class={compares && isOther(id) ? "other" : ""}>
              <th scope="row" title={says}>
                {id}
                {compares ? <small>{says}</small> : null}
              </th>
              {subjects.map(({ name }, nth) => (
                <Cell key={name} cell={cells[nth]?.get(id)} subject={name} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

function Cell({ cell, subject }: { readonly cell: MatrixCell | undefined; readonly subject: string }) {
  if (cell === undefined) return <td class="absent" />;
  const { verdict, text, says, opens, law } = cell;
  const shown = verdict === "open" && text === "promised" ? "·" : text;
  return (
    <td class={verdict} title={`${subject}, ${law}: ${says}`}>
      {opens === null ? (
        <span>{shown}</span>
      ) : (
        <a href={linkTo(opens)} aria-label={`${shown}: ${subject}, ${law}, ${says}`}>
          {shown}
        </a>
      )}
    </td>
  );
}

function MatrixLegend() {
  const looks = [
    ["violated", "A9 in 3", "promised, and bug A9 violates it in 3 commands"],
    ["violated", "* in 3", "the same, by a bug without a number"],
    ["short", "(A13)", "not promised, and bug A13 violates it"],
    ["unknown", "? in 4", "violated, and no bug of the catalogue accounts for it"],
    ["kept", "ok", "kept in every history tried: not a proof"],
    ["visited", "visited", "kept in every state of a small space"],
    ["open", "·", "promised; no pinned history violates it"],
    ["absent", "-", "not promised"],
  ] as const;
  return (
    <dl class="legend">
      {looks.map(([look, text, says]) => (
        <div key={look}>
          <dt class={look}>{text}</dt>
          <dd>{says}</dd>
        </div>
      ))}
    </dl>
  );
}
