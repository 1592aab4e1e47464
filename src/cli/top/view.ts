/** From two samples to what is shown: rates and shares of the time between them. */
import type { JobSample, Sample, Watermarks } from './sample.ts';
import type { TopCheckpoint, TopDetails, TopTask, TopView } from './top.ts';

const END = 2n ** 63n - 1n;
const NONE = -(2n ** 63n);

/** `before` is the sample before; null for the first. */
export function topView(before: Sample | null, now: Sample): TopView {
  const seconds = before === null ? 0 : (now.at - before.at) / 1000;
  const jobs = now.jobs.map(({ jid, name, state, duration, records, where }) => {
    const was = before?.jobs.find((job) => job.jid === jid);
    return {
      id: jid,
      name,
      state,
      durationMs: duration,
      records,
      recordsPerSecond: was === undefined ? null : rate(records - was.records, seconds),
      where,
    };
  });
  const { chosen } = now;
  const was = before?.chosen ?? null;
  const isSame = was !== null && chosen !== null && was.info.jid === chosen.info.jid;
  return {
    at: now.at,
    jobs,
    silent: now.silent,
    chosen: chosen === null ? null : details(isSame ? was : null, chosen, seconds, now.at),
  };
}

/** Null where nothing can be said: no time has passed, or the counts have begun anew. */
function rate(difference: number, seconds: number): number | null {
  return seconds <= 0 || difference < 0 ? null : difference / seconds;
}

function details(
  was: JobSample | null,
  { info, checkpoints, watermarks }: JobSample,
  seconds: number,
  at: number,
): TopDetails {
  const [last] = checkpoints.history;
  return {
    id: info.jid,
    restarts: info.restarts,
    tasks: info.vertices.map((vertex): TopTask => {
      const { id, name, parallelism, status, metrics } = vertex;
      const old = was?.info.vertices.find((one) => one.id === id)?.metrics ?? null;
      const since = (name: string): number | null =>
        old === null ? null : metrics[name]! - old[name]!;
      const perSecond = (name: string): number | null => {
        const difference = since(name);
        return difference === null ? null : rate(difference, seconds);
      };
      const [busy, held, idle] = ['busy', 'backpressured', 'idle'].map((kind) =>
        since(`accumulated-${kind}-time`),
      ) as [number | null, number | null, number | null];
      const all = (busy ?? 0) + (held ?? 0) + (idle ?? 0);
      const share = (ms: number | null): number | null =>
        ms === null || all <= 0 || ms < 0 ? null : ms / all;
      return {
        id,
        name,
        parallelism,
        state: status,
        inPerSecond: perSecond('read-records'),
        outPerSecond: perSecond('write-records'),
        busy: share(busy),
        backPressured: share(held),
        watermark: least(watermarks.get(id) ?? []),
      };
    }),
    completedCheckpoints: checkpoints.counts.completed ?? 0,
    failedCheckpoints: checkpoints.counts.failed ?? 0,
    lastCheckpoint: last === undefined ? null : checkpoint(last, at),
  };
}

function least(watermarks: Watermarks): TopTask['watermark'] {
  const [first = NONE] = watermarks
    .map(({ value }) => BigInt(value))
    .sort((one, other) => (one < other ? -1 : 1));
  if (first === NONE) return null;
  return first === END ? 'end' : Number(first);
}

function checkpoint(last: JobSample['checkpoints']['history'][number], at: number): TopCheckpoint {
  return {
    id: last.id,
    isSavepoint: last.is_savepoint,
    state: last.status,
    ageMs: Math.max(0, at - last.trigger_timestamp),
    durationMs: last.end_to_end_duration,
    bytes: last.checkpointed_size,
  };
}
