/**
 * Ways to decode row groups of a file of flights into columns. Each loads its library when it is made.
 *
 *   millrace        typed arrays, in batches
 *   hyparquet       arrays of JavaScript values, a column chunk at a time
 *   parquet-wasm    an Arrow table: decoded in WebAssembly, handed over as an IPC stream, read in place
 *
 * `decode` answers with the number of rows of a group. `checksum` also reads every value of it.
 */
import { readFileSync } from 'node:fs';

/** Larger ones were no faster. */
const ARROW_BATCH_ROWS = 65_536;

export const DECODERS = { millrace, hyparquet, 'parquet-wasm': parquetWasm };

async function millrace(path) {
  const { record, t } = await import('millrace');
  const { parquet } = await import('millrace/connectors/files');
  const flights = parquet(
    record({
      date: t.timestamp,
      delay: t.int32,
      distance: t.int32,
      origin: t.string,
      destination: t.string,
    }),
  );
  const file = { path, sizeBytes: 0 };
  const ranges = flights.split(file);
  const context = { onMalformed: 'fail', malformed() {} };
  const eachBatch = (group, visit) => {
    const reader = flights.open(file, ranges[group], null, context);
    for (let batch = reader.poll(); batch !== 'end'; batch = reader.poll()) visit(batch);
    reader.close();
  };
  return {
    groups: ranges.length,
    async decode(group) {
      let records = 0;
      eachBatch(group, (batch) => {
        records += batch.rowCount;
      });
      return records;
    },
    async checksum(group) {
      let sum = 0;
      eachBatch(group, (batch) => {
        for (const row of batch.rowObjects()) sum += checksumOf(row);
      });
      return sum;
    },
  };
}

async function hyparquet(path) {
  const { parquetMetadata, parquetRead } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const file = new Uint8Array(readFileSync(path)).buffer;
  const metadata = parquetMetadata(file);
  const columnChunks = async (group) => {
    const before = metadata.row_groups.slice(0, group);
    const rowStart = before.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
    const rowEnd = rowStart + Number(metadata.row_groups[group].num_rows);
    const chunks = {};
    const onChunk = ({ columnName, columnData }) => {
      chunks[columnName] ??= [];
      chunks[columnName].push(columnData);
    };
    await parquetRead({ file, metadata, compressors, rowStart, rowEnd, onChunk });
    return chunks;
  };
  return {
    groups: metadata.row_groups.length,
    async decode(group) {
      const { date } = await columnChunks(group);
      return date.reduce((sum, { length }) => sum + length, 0);
    },
    async checksum(group) {
      const chunks = Object.entries(await columnChunks(group));
      const columns = chunks.map(([name, parts]) => [name, parts.flat()]);
      return checksumOfColumns(Object.fromEntries(columns));
    },
  };
}

async function parquetWasm(path) {
  const { ParquetFile } = await import('parquet-wasm/node');
  const { tableFromIPC } = await import('apache-arrow');
  const file = await ParquetFile.fromFile(new Blob([readFileSync(path)]));
  const table = async (group) => {
    const decoded = await file.read({ rowGroups: [group], batchSize: ARROW_BATCH_ROWS });
    return tableFromIPC(decoded.intoIPCStream());
  };
  return {
    groups: file.metadata().numRowGroups(),
    decode: async (group) => (await table(group)).numRows,
    async checksum(group) {
      const decoded = await table(group);
      const columns = decoded.schema.names.map((name) => [name, [...decoded.getChild(name)]]);
      return checksumOfColumns(Object.fromEntries(columns));
    },
  };
}

function checksumOfColumns({ date, delay, distance, origin, destination }) {
  let sum = 0;
  for (let i = 0; i < origin.length; i++)
    sum += checksumOf({
      date: date[i],
      delay: delay[i],
      distance: distance[i],
      origin: origin[i],
      destination: destination[i],
    });
  return sum;
}

/** Whole numbers, so that sums are exact in any order. The libraries give 64-bit integers as bigints. */
function checksumOf({ date, delay, distance, origin, destination }) {
  const minutes = Math.floor(Number(date) / 60_000);
  const letters = origin.charCodeAt(0) + destination.charCodeAt(2);
  return minutes + Number(delay) + Number(distance) + letters;
}
