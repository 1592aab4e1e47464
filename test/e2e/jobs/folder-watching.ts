/** Copies what comes into a folder. */
import { job, record, type Source, t } from 'millrace';
import { csv, files } from 'millrace/connectors/files';

const Row = record({ n: t.int32 });

/** Each of its readers waits for ever behind its first batch: a process that is to be killed on its way has not read all, however late that is. */
function held<Row>(source: Source<Row>): Source<Row> {
  return {
    ...source,
    createReader(split, position, context) {
      const reader = source.createReader(split, position, context);
      let hasRead = false;
      return {
        get wakeAtMs() {
          return hasRead ? Infinity : reader.wakeAtMs;
        },
        poll() {
          if (hasRead) return 'idle';
          const polled = reader.poll();
          hasRead = typeof polled !== 'string';
          return polled;
        },
        position: () => reader.position(),
        progress: () => reader.progress(),
        close: () => reader.close(),
      };
    },
  };
}

export const copying = job(import.meta, 'copying', (flow) => {
  const folder = flow.param('folder', '');
  const watched = files(`${folder}/in`, csv(Row), { watch: { every: '10 ms', settle: 0 } });
  flow
    .from(flow.param('isHeld', false) ? held(watched) : watched, { rate: 100_000 })
    .to(files(`${folder}/out`, csv(), { existing: 'keep', rolling: { onCheckpoint: true } }));
});
