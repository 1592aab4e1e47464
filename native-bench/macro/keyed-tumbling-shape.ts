/** The shape of the stream, the same for the engine and for the bare loops. */
export const RECORDS_PER_MS = 1000;
export const WINDOW_MS = 10_000;
