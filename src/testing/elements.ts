/** What a harness feeds and gives back. */

/** An element of a stream as a test sees it. */
export type Element<Row> =
  | { readonly record: Row; readonly timestamp: number | null }
  | { readonly watermark: number }
  | { readonly idle: true }
  | { readonly active: true }
  | { readonly end: true };
