/** The address of what is shown: a view and its words, after the `#/`. */
import { useEffect, useState } from "preact/hooks";

export interface Route {
  readonly view: string;
  readonly words: URLSearchParams;
}

export function routeOf(hash: string): Route {
  const [view = "", words = ""] = hash.replace(/^#\/?/, "").split("?");
  return { view, words: new URLSearchParams(words) };
}

/** The words as they stand in an address, in this order; those that are empty are left out. */
export function addressOf(view: string, words: Readonly<Record<string, string | null | undefined>>): string {
  const given = Object.entries(words).filter((each): each is [string, string] => Boolean(each[1]));
  const text = new URLSearchParams(given).toString();
  return text === "" ? view : `${view}?${text}`;
}

export const linkTo = (address: string): string => `#/${address}`;

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return routeOf(hash);
}

let timer: ReturnType<typeof setTimeout> | undefined;

/** Notes where the reader is, without a new entry in the browser's history. A browser bounds how often. */
export function noteAddress(address: string): void {
  clearTimeout(timer);
  timer = setTimeout(() => history.replaceState(null, "", linkTo(address)), 250);
}
