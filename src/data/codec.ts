/**
 * A batch to bytes and back, in the layout drawn in codec-layout.ts. Benchmark: micro/codec.
 *
 *   encodedBytes → (the caller finds room) → encodeBatch        decodeBatch | decodeFreeForm
 *
 * Encoding copies whole arrays. Decoding copies nothing but dynamic values: columns are views of the
 * buffer, so the batch is transient. Sizes are checked against the given length once a column, and bytes that do
 * not add up are EngineError FRAME_CORRUPT; what lies inside a section (offsets, codes) is not checked row by row.
 * A batch without a schema goes through a RowEncoder first; decodeFreeForm gives its rows back.
 */
import { assert } from '../base/assert.ts';
import { EngineError } from '../base/errors.ts';
import { Batch } from './batch.ts';
import * as layout from './codec-layout.ts';
import { align8 } from './codec-layout.ts';
import { type Column, DynamicColumn, FixedColumn, StringColumn, StringEntries } from './column.ts';
