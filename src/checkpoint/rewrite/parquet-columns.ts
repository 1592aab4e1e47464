/** Which columns a Parquet file has. */

import type { InputFile } from '../../connector/file/format.ts';
import { readFooter } from '../../connector/file/parquet/footer.ts';

/** Names of the columns at the top, flat or not. EngineErrors INPUT_NOT_FOUND, INPUT_MALFORMED. */
export function parquetColumns(file: InputFile): readonly string[] {
  const { schema } = readFooter(file);
  const names: string[] = [];
  let at = 1;
  const pass = (): void => {
    for (let left = schema[at++]?.num_children ?? 0; left > 0; left--) pass();
  };
  for (let left = schema[0]?.num_children ?? 0; left > 0 && at < schema.length; left--) {
    names.push(schema[at]!.name);
    pass();
  }
  return names;
}
