/** What only the compiler needs of examples that are not run: a running client, other threads, the web. */
import type { Job, StartedJob, Stream } from 'millrace';
import type { Bid, Click, counting, flights } from './names.ts';

type Doors<J> = J extends Job<infer T> ? StartedJob<T> : never;

export declare const client: Doors<typeof counting> & Doors<typeof flights>;
export declare const moreRows: Click[];
export declare const toText: TransformStream<unknown, Uint8Array>;
export declare const worker: { postMessage(value: unknown): void };
export declare const bytes: Uint8Array;
export declare function read(buffer: SharedArrayBuffer, at: number, bytes: number): void;
export declare function makeBid(i: number): Bid;
export declare function rated(bid: Bid): Bid;
export declare function score(row: unknown, signal: AbortSignal): Promise<number>;
export declare const photos: Stream<{ readonly path: string }>;
