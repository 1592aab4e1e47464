/** What only the compiler needs, of examples that are not run: other threads, and functions of whoever reads. */
import type { Stream } from 'millrace';
import type { Bid } from './names.ts';

export declare const worker: { postMessage(value: unknown): void };
export declare const bytes: Uint8Array;
export declare function read(buffer: SharedArrayBuffer, at: number, bytes: number): void;
export declare function rated(bid: Bid): Bid;
export declare function score(row: unknown, signal: AbortSignal): Promise<number>;
export declare const photos: Stream<{ readonly path: string }>;
