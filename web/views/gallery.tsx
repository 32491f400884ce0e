/** Every bug of the catalogue: its story in three sentences, and its films. */
import { useState } from "preact/hooks";
import type { Gallery } from "../../jobs/page/documents.ts";
import { nameOfBug, Waiting } from "../parts.tsx";
import { linkTo } from "../route.ts";
import { useDocument } from "../source.ts";

export function GalleryView() {
  const loaded = useDocument("gallery", "gallery");
  return <Waiting loaded={loaded}>{(gallery) => <Bugs gallery={gallery} />}</Waiting>;
}

function Bugs({ gallery: { bugs } }: { readonly gallery: Gallery }) {
  const [text, setText] = useState("");
  const words = text.toLowerCase().split(/\s+/);
  const shown = bugs.filter(({ id, number, story, source }) => {
    const all = `${number} ${id} ${story.join(" ")} ${source}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  return (
    <article class="gallery">
      <h1>The bugs, and their films</h1>
      <form class="tools" onSubmit={(event) => event.preventDefault()}>
        <label>
          Find <input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <span role="status">
          {shown.length} of {bugs.length}
        </span>
      </form>
      <ul>
        {shown.map((bug) => (
          <li key={bug.id}>
            <h2>{nameOfBug(bug)}</h2>
            {bug.story.map((sentence) => (
              <p key={sentence}>{sentence}</p>
            ))}
            <p class="source">{bug.source}</p>
            <ul aria-label={`Films of ${bug.id}`}>
              {bug.films.map(({ says, opens }) => (
                <li key={opens}>
                  <a href={linkTo(opens)}>▶ {says}</a>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </article>
  );
}
