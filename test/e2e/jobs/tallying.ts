/** Two steps that count their records: the input of the first ends at once, that of the second takes a second. */
import { blackhole, collection, job, record, type Source, t } from 'millrace';
import { heldRows } from './held-rows.ts';

const Numbered = record({ n: t.int32 });

export const FEW = 10;
export const MANY = 3000;

export const tallying = job(import.meta, 'tallying', (flow) => {
  const counted = (source: Source<{ n: number }>, rate: number, name: string): unknown =>
    flow
      .from(source, { rate, name: `${name} numbers` })
      .global()
      .process({
        emits: Numbered,
        onRecord(row, { metrics, emit }) {
          metrics.counter('seen').add();
          emit(row);
        },
      })
      .name(name)
      .to(blackhole());
  const few = Array.from({ length: FEW }, (_, n) => ({ n }));
  counted(collection(few, Numbered), 10_000, 'few');
  counted(heldRows(flow, { schema: Numbered, count: MANY, row: (n) => ({ n }) }), 3000, 'many');
});
