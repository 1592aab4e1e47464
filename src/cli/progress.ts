/** The progress line of a running job: drawn over itself on a terminal, a line now and then elsewhere. */
import { cutTo, oneLine } from '../base/text-width.ts';
import type { JobClient, JobStatus } from '../job/job.ts';
import { formatCount, formatDuration, formatTime } from './format.ts';

const LOOK_MS = 200;
const LOG_MS = 5_000;
/** Records per second are those of the last few looks, not of the whole run. */
const RATE_MS = 2_000;
/** What is left is estimated by more of them: inputs are read by fits and starts. */
const SHARE_MS = 10_000;

type Moment = Pick<JobStatus, 'elapsedMs' | 'records' | 'inputShare'>;

/** How fast it goes on; `leftMs`: until its end, null where that is not known. */
export type Pace = { readonly recordsPerSecond: number; readonly leftMs: number | null };

export function showProgress(client: JobClient, stream: NodeJS.WriteStream): { stop(): void } {
  const meter = new PaceMeter();
  const looksPerLine = stream.isTTY ? 1 : LOG_MS / LOOK_MS;
  let looks = 0;
  const look = (): void => {
    const status = client.status();
    const pace = meter.update(status);
    if (++looks % looksPerLine !== 0 || status.state !== 'running') return;
    const line = progressLine(status, pace);
    // The cursor goes back to the start, so that whatever is written next takes the line's place.
    const room = (stream.columns || Infinity) - 1;
    stream.write(stream.isTTY ? `${cutTo(line, room, '')}\x1b[K\r` : `${line}\n`);
  };
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      if (stream.isTTY) stream.write('\x1b[K');
    },
  };
}

export function progressLine(status: JobStatus, { recordsPerSecond, leftMs }: Pace): string {
  const { records, watermark, newestEventTime, inputShare } = status;
  const parts = [
    oneLine(status.name),
    `${formatCount(records)} records`,
    `${formatCount(recordsPerSecond)}/s`,
  ];
  if (watermark !== null) parts.push(`watermark ${formatTime(watermark)}`);
  if (newestEventTime !== null && Number.isFinite(watermark)) {
    parts.push(`lag ${formatDuration(newestEventTime - watermark!)}`);
  }
  if (inputShare !== null) parts.push(`${Math.floor(inputShare * 100)} %`);
  if (leftMs !== null) parts.push(`${formatDuration(leftMs)} left`);
  return parts.join('  ');
}

/** Of one attempt: records are counted anew in each, and the share of the input begins where its checkpoint was. */
export class PaceMeter {
  /** The newest last. */
  #moments: Moment[] = [];

  update({ elapsedMs, records, inputShare }: Moment): Pace {
    const last = this.#moments.at(-1);
    if (last !== undefined && last.records > records) this.#moments = [];
    if (last?.elapsedMs !== elapsedMs) this.#moments.push({ elapsedMs, records, inputShare });
    while (this.#moments.length > 2 && elapsedMs - this.#moments[1]!.elapsedMs >= SHARE_MS) {
      this.#moments.shift();
    }
    return {
      recordsPerSecond: this.#recordsPerSecond(),
      leftMs: this.#leftMs(),
    };
  }

  #recordsPerSecond(): number {
    const now = this.#moments.at(-1)!;
    const before = this.#moments.findLast(({ elapsedMs }) => now.elapsedMs - elapsedMs >= RATE_MS);
    const first = before ?? this.#moments[0]!;
    const { elapsedMs, records } = first === now ? { elapsedMs: 0, records: 0 } : first;
    const spanMs = now.elapsedMs - elapsedMs;
    return spanMs <= 0 ? 0 : ((now.records - records) / spanMs) * 1000;
  }

  /** Null before there are two looks at an input that is being read, where it stands still, and at its end. */
  #leftMs(): number | null {
    const { elapsedMs, inputShare } = this.#moments.at(-1)!;
    const first = this.#moments.find((moment) => (moment.inputShare ?? 0) > 0);
    if (inputShare === null || first === undefined || inputShare === 1) return null;
    const read = inputShare - first.inputShare!;
    return read <= 0 ? null : ((elapsedMs - first.elapsedMs) * (1 - inputShare)) / read;
  }
}
