/** Server-Sent Events read by `fetch`, since an `EventSource` cannot send the token. */
import { open } from './request.ts';

export type ServerEvent = { readonly name: string; readonly data: string };

/** The events of a stream, until it ends or is aborted. */
export async function* eventStream(path: string, signal: AbortSignal): AsyncGenerator<ServerEvent> {
  const response = await open(path, { signal });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split('\n\n');
    rest = parts.pop()!;
    for (const part of parts) yield parsed(part);
  }
}

function parsed(text: string): ServerEvent {
  let name = 'message';
  const data: string[] = [];
  for (const line of text.split('\n')) {
    const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === 'event') name = value!;
    else if (field === 'data') data.push(value!);
  }
  return { name, data: data.join('\n') };
}
