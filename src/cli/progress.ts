/** The progress line of a running job: drawn over itself on a terminal, a line now and then elsewhere. */
import type { JobClient, JobStatus } from '../job/job.ts';
import { formatCount, formatDuration, formatTime } from './format.ts';

const TERMINAL_MS = 200;
const LOG_MS = 5_000;
/** Records per second are those of the last few looks, not of the whole run. */
const RATE_MS = 2_000;

type Moment = { readonly elapsedMs: number; readonly records: number };

export function showProgress(client: JobClient, stream: NodeJS.WriteStream): { stop(): void } {
  const rate = new RateMeter();
  const draw = (): void => {
    const status = client.status();
    if (status.state !== 'running') return;
    const line = progressLine(status, rate.update(status));
    // The cursor goes back to the start, so that whatever is written next takes the line's place.
    stream.write(stream.isTTY ? `${line.slice(0, stream.columns - 1)}\x1b[K\r` : `${line}\n`);
  };
  const timer = setInterval(draw, stream.isTTY ? TERMINAL_MS : LOG_MS);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      if (stream.isTTY) stream.write('\x1b[K');
    },
  };
}

export function progressLine(status: JobStatus, recordsPerSecond: number): string {
  const { records, watermark, newestEventTime, inputShare, elapsedMs } = status;
  const parts = [
    status.name,
    `${formatCount(records)} records`,
    `${formatCount(recordsPerSecond)}/s`,
  ];
  if (watermark !== null) parts.push(`watermark ${formatTime(watermark)}`);
  if (newestEventTime !== null && Number.isFinite(watermark)) {
    parts.push(`lag ${formatDuration(newestEventTime - watermark!)}`);
  }
  if (inputShare !== null) parts.push(`${Math.floor(inputShare * 100)} %`);
  if (inputShare !== null && inputShare > 0 && inputShare < 1) {
    parts.push(`${formatDuration((elapsedMs * (1 - inputShare)) / inputShare)} left`);
  }
  return parts.join('  ');
}

export class RateMeter {
  #moments: Moment[] = [];

  /** Records per second since about two seconds ago. */
  update({ elapsedMs, records }: Moment): number {
    this.#moments.push({ elapsedMs, records });
    while (this.#moments.length > 2 && elapsedMs - this.#moments[1]!.elapsedMs >= RATE_MS) {
      this.#moments.shift();
    }
    const first = this.#moments.length === 1 ? { elapsedMs: 0, records: 0 } : this.#moments[0]!;
    const spanMs = elapsedMs - first.elapsedMs;
    return spanMs <= 0 ? 0 : ((records - first.records) / spanMs) * 1000;
  }
}
