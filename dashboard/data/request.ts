/** Requests to the server of the job, below wherever the page lies; with the token, where one has been given. */
import { Store } from './store.ts';

const TOKEN = 'millrace-token';

export type TokenQuestion = {
  readonly reason: string;
  /** Null where whoever looks gives none. */
  readonly answer: (token: string | null) => void;
};

/** What the page has to ask whoever looks at it; null for nothing. */
export const tokenQuestion = new Store<TokenQuestion | null>(null);

/** One question at a time, however many requests wait for it. */
let asked: Promise<string | null> | null = null;
/** What the page asks for by itself does not put the question a second time to who gave no answer. */
let isDeclined = false;

export class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }

  /** Whether the server has no such thing at all. */
  get isNotOffered(): boolean {
    return this.status === 404 || this.status === 501;
  }
}

export type RequestOptions = {
  readonly method?: 'GET' | 'PATCH' | 'POST';
  readonly body?: object;
  readonly signal?: AbortSignal;
  /** Whether somebody has just pressed a button for it. */
  readonly isWanted?: boolean;
};

/** As it comes; RequestError where it is no success. Asks for the token where the server wants it, as often as it is wrong. */
export async function open(path: string, options: RequestOptions = {}): Promise<Response> {
  const used = sessionStorage.getItem(TOKEN);
  const response = await send(path, options, used);
  if (response.status === 401) {
    // Another request may have got one while this one was under way.
    const known = sessionStorage.getItem(TOKEN);
    if (known !== null && known !== used) return await open(path, options);
    if (options.isWanted || !isDeclined) {
      const token = await newToken(used === null ? 'wanted' : 'wrong');
      if (token !== null) return await open(path, options);
    }
  }
  if (!response.ok) throw new RequestError(response.status, await problemOf(response));
  return response;
}

export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  return (await (await open(path, options)).json()) as T;
}

async function send(
  path: string,
  { method = 'GET', body, signal }: RequestOptions,
  token: string | null,
): Promise<Response> {
  const headers = new Headers();
  if (token !== null) headers.set('Authorization', `Bearer ${token}`);
  if (body !== undefined) headers.set('Content-Type', 'application/json');
  const url = new URL(path, new URL('.', document.baseURI));
  try {
    return await fetch(url, {
      method,
      headers,
      cache: 'no-store',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new RequestError(0, 'the job does not answer');
  }
}

const REASONS = {
  wanted: 'This needs the token of the job.',
  wrong: 'The token is not the right one.',
} as const;

async function newToken(reason: keyof typeof REASONS): Promise<string | null> {
  asked ??= new Promise((answer) => tokenQuestion.set({ reason: REASONS[reason], answer }));
  const token = await asked;
  asked = null;
  tokenQuestion.set(null);
  isDeclined = token === null;
  if (token !== null) sessionStorage.setItem(TOKEN, token);
  return token;
}

async function problemOf(response: Response): Promise<string> {
  try {
    const { errors } = (await response.json()) as { errors: string[] };
    return errors.join('; ');
  } catch {
    return `${response.status} ${response.statusText}`;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
