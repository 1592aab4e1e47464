/**
 * A source that never waits before a sink that does: what lies between them must be bounded. The records cross from one
 * thread to another, as objects.
 */
import { type Batch, generate, job, record, type Sink, t } from 'millrace';

const Reading = record({ sensor: t.int32, place: t.string, value: t.float64 });

/** Takes no other batch for this long. */
const SINK_PAUSE_MS = 5;

export const slowSink = job(import.meta, 'slow-sink', (flow) => {
  flow
    .from(
      generate({
        schema: Reading,
        row: (n) => ({ sensor: n % 1000, place: `place ${n % 1000}`, value: n / 2 }),
      }),
    )
    .map((reading) => ({ ...reading, isHigh: reading.value % 100 > 50 }))
    .to(pausing())
    .parallelism(1);
});

/** A sink that looks at each row and then pauses. */
function pausing(): Sink {
  return {
    name: 'pausing',
    descriptor: null,
    createWriter({ wake }) {
      let isBusy = false;
      let timer: NodeJS.Timeout | undefined;
      return {
        get isBusy() {
          return isBusy;
        },
        write(batch: Batch) {
          for (const row of batch.rowObjects()) checkRow(row as { place: string });
          isBusy = true;
          timer = setTimeout(() => {
            isBusy = false;
            wake();
          }, SINK_PAUSE_MS);
        },
        preCommit: () => [],
        close: () => clearTimeout(timer),
      };
    },
    commit: async () => {},
  };
}

function checkRow({ place }: { place: string }): void {
  if (!place.startsWith('place')) throw new Error(`a row is damaged: ${place}`);
}
