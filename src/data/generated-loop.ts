/**
 * A loop that is generated as JavaScript, as people are shown it: what it does, and its source.
 *
 * Whatever generates a loop tells it by a list of these, made by the same code as the one that runs, so that `explain` has
 * to know none of them. Loops are made for each look of a batch; shown is the one for batches in which no value is absent
 * and no column is a dictionary. The loops that write rows without a schema into columns depend on the rows, and are not
 * known before they come.
 */
export type GeneratedLoop = { readonly title: string; readonly source: string };
