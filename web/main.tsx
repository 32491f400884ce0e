/** The page: a menu, and the view that its address names. */
import "./page.css";
import { render } from "preact";
import { useEffect } from "preact/hooks";
import { linkTo, useRoute } from "./route.ts";
import { documentAt, hasView } from "./source.ts";
import { VIEWS } from "./views/index.ts";

function Page() {
  const { view: id, words } = useRoute();
  useEffect(() => {
    if (id !== "") return;
    documentAt("start").then((start) => {
      if (start.kind === "start") location.replace(linkTo(start.opens));
    });
  }, [id]);
  const view = VIEWS.find((each) => each.id === id);
  const menu = VIEWS.filter(({ inMenu, needs }) => inMenu && hasView(needs));
  useEffect(() => {
    document.title = view === undefined ? "vmapcheck" : `${view.title} - vmapcheck`;
  }, [view]);
  return (
    <>
      <header>
        <button type="button" class="skip" onClick={toMain}>
          To the content
        </button>
        <span class="brand">vmapcheck</span>
        <nav aria-label="Views">
          {menu.map(({ id, title }) => (
            <a key={id} href={linkTo(id)} aria-current={id === view?.id ? "page" : undefined}>
              {title}
            </a>
          ))}
        </nav>
      </header>
      <main id="main" tabIndex={-1}>
        {view === undefined ? (
          id === "" ? null : (
            <p role="alert">There is no view {JSON.stringify(id)}.</p>
          )
        ) : (
          <view.View words={words} />
        )}
      </main>
    </>
  );
}

function toMain() {
  document.getElementById("main")?.focus();
}

const root = document.getElementById("page");
if (root !== null) render(<Page />, root);
