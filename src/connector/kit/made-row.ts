/** The type of rows that functions of the user make. */

/**
 * A row, as a function makes it beside a schema that may be left out. It is `Row`, in words from which the compiler infers that
 * only where no schema tells it: otherwise a row that lacks a field would make the schema fit.
 */
export type MadeRow<Row> = Row & Anything<Row>;

/** Everything, which the compiler finds out when it knows `Row`. */
type Anything<Row> = [Row] extends [never] ? unknown : unknown;
