/** Records side by side: a column for each field, or the whole value where a record has no fields. */
type RecordsProps = { readonly records: readonly unknown[] };

const COLUMNS_MAX = 40;

export function Records({ records }: RecordsProps) {
  const fields = [...new Set(records.flatMap(fieldsOf))].slice(0, COLUMNS_MAX);
  const hasWhole = records.some((record) => !isObject(record));
  return (
    <div class="scroll">
      <table class="records">
        <thead>
          <tr>
            {hasWhole && <th>value</th>}
            {fields.map((field) => (
              <th key={field}>{field}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {records.map((record, n) => (
            <tr key={n}>
              {hasWhole && <td>{isObject(record) ? '' : textOf(record)}</td>}
              {fields.map((field) => (
                <td key={field}>{isObject(record) && field in record && textOf(record[field])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsOf(record: unknown): string[] {
  return isObject(record) ? Object.keys(record) : [];
}
