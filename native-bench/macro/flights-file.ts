/** The file of three million flights; at a smaller scale one of its first rows, which is made when it is wanted. */
import { mkdir, rename } from 'node:fs/promises';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parquetWriteFile } from 'hyparquet-writer';
import { type Settings, scaled } from '../figure.ts';

const WHOLE = 'node_modules/vega-datasets/data/flights-3m.parquet';
const FLIGHTS = 3_000_000;
/** So that each thread has some. */
const ROW_GROUPS = 3;
const GROUP_ROWS_MIN = 5000;
const FOLDER = 'native-bench/.build';

function groupRows(settings: Settings): number {
  return scaled(FLIGHTS / ROW_GROUPS, settings, GROUP_ROWS_MIN);
}

/** Its path from the folder of the project. */
export function flightsFile(settings: Settings): string {
  if (settings.scale >= 1) return WHOLE;
  return `${FOLDER}/flights-${groupRows(settings) * ROW_GROUPS}.parquet`;
}

export async function provideFlights(settings: Settings): Promise<void> {
  const path = flightsFile(settings);
  if (path === WHOLE) return;
  const file = await asyncBufferFromFile(WHOLE);
  const { schema } = await parquetMetadataAsync(file);
  const rowGroupSize = groupRows(settings);
  const rowEnd = rowGroupSize * ROW_GROUPS;
  const rows = await parquetReadObjects({ file, compressors, rowEnd });
  const columnData = Object.keys(rows[0]!).map((name) => ({
    name,
    data: rows.map((row) => row[name]),
  }));
  await mkdir(FOLDER, { recursive: true });
  const draft = `${path}.${process.pid}`;
  parquetWriteFile({ filename: draft, schema, columnData, rowGroupSize });
  await rename(draft, path);
}
