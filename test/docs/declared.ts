/** What only the compiler needs of examples that are not run: a running client, other threads, the web. */
import type { Job, JobInput, JobOutput, StartedJob } from 'millrace';
import type { Harness, Harness2 } from 'millrace/testing';
import type { Bid, Click, counting, hourly } from './names.ts';

type Doors<J> = J extends Job<infer T> ? StartedJob<T> : never;

export declare const client: Doors<typeof counting> & Doors<typeof hourly>;
export declare const clicks: JobInput<Click>;
export declare const counts: JobOutput<Click>;
export declare const h: Harness<Click, Click>;
export declare const h2: Harness2<Click, Click, Click>;
export declare const worker: { postMessage(value: unknown): void };
export declare const bytes: Uint8Array;
export declare function read(buffer: SharedArrayBuffer, at: number, bytes: number): void;
export declare function makeBid(i: number): Bid;
export declare function rated(bid: Bid): Bid;
export declare function score(row: unknown, signal: AbortSignal): Promise<number>;
export declare const photos: import('millrace').Stream<{ readonly path: string }>;
