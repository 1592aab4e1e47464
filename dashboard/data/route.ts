/** Where one is: the part of the address behind `#`, so that it can be kept, sent and gone back to. */
import { Store } from './store.ts';

export type Place = {
  readonly page: string;
  /** What of the page: a vertex, a checkpoint; null for nothing. */
  readonly detail: string | null;
  readonly query: URLSearchParams;
};

function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [page = '', detail = ''] = path.split('/');
  return {
    page: page === '' ? 'overview' : page,
    detail: detail === '' ? null : decoded(detail),
    query: new URLSearchParams(query),
  };
}

/** What somebody has written by hand may not be encoded as it has to be. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const place = new Store<Place>(placeOf(location.hash));

export function hrefOf(page: string, detail?: string, query?: URLSearchParams): string {
  const path = detail === undefined ? page : `${page}/${encodeURIComponent(detail)}`;
  const text = query?.toString() ?? '';
  return text === '' ? `#/${path}` : `#/${path}?${text}`;
}

/** The job that was chosen among several; null where none was. */
export function chosenJob(): string | null {
  return new URLSearchParams(location.search).get('job');
}

/** Another job is another page, which begins with nothing of the one before. */
export function chooseJob(id: string): void {
  location.assign(`?${new URLSearchParams({ job: id })}${hrefOf('overview')}`);
}

export function go(href: string): void {
  location.hash = href;
}

addEventListener('hashchange', () => place.set(placeOf(location.hash)));
