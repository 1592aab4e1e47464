/** Follows a job that runs: progress, requests of other commands, signals, and how it ended. */
import type { JobClient, JobResult, WatchedJob } from '../job/job.ts';
import { ServedJobs } from '../server/served-jobs.ts';
import { answerRequests } from './control.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { formatAddress, formatCount, formatDuration } from './format.ts';
import { showProgress } from './progress.ts';

export type FollowOptions = {
  /** Whether progress is shown. */
  readonly progress: boolean;
  /** Whether the result goes to standard output, as a line of JSON. */
  readonly json: boolean;
  /** Where its server listens, if it has one. */
  readonly host: string | undefined;
};

/** Waits for the end, whether it comes by itself, by Ctrl-C or by another command. */
export async function follow(
  client: WatchedJob,
  { progress: withProgress, json, host = '127.0.0.1' }: FollowOptions,
): Promise<ExitCode> {
  let isCancelled = false;
  const onSignal = (): void => {
    if (isCancelled) process.exit(EXIT.cancelled);
    isCancelled = true;
    void client.cancel();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  if (client.port !== null) {
    console.error(`${client.name}: ${formatAddress(host, client.port)}`);
  }
  const jobs = new ServedJobs();
  const control = answerRequests(() => {
    // A job that nobody asks about is not looked at.
    if (jobs.all.length === 0) jobs.add(client);
    return jobs;
  });
  const progress = withProgress ? showProgress(client, process.stderr) : null;
  try {
    const result = await client.result();
    progress?.stop();
    console.error(describeResult(client, result));
    if (json) console.log(JSON.stringify({ ...result, records: client.status().records }));
    return EXIT.done;
  } catch (error) {
    progress?.stop();
    if (!isCancelled && client.status().state !== 'cancelled') throw error;
    console.error(`${client.name}: cancelled`);
    if (json) console.log(JSON.stringify(cancelledResult(client)));
    return EXIT.cancelled;
  } finally {
    await control.close();
    jobs.close();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

/** As far as there is a result of a job that was cancelled. */
function cancelledResult(client: JobClient) {
  const { name, state, elapsedMs, records, operators } = client.status();
  return { name, state, durationMs: elapsedMs, operators, records };
}

export function describeResult(client: WatchedJob, result: JobResult): string {
  const { records } = client.status();
  const sum = (of: 'lateRecords' | 'skippedRecords'): number =>
    result.operators.reduce((total, operator) => total + operator[of], 0);
  const late = sum('lateRecords');
  const skipped = sum('skippedRecords');
  if (client.hadFinished) {
    return (
      `${result.name}: it had finished before (${result.lastCheckpoint}); start it anew by --fresh, ` +
      `with another folder for its files or { existing: 'replace' }`
    );
  }
  // Each attempt counts anew, from the checkpoint that it goes on from.
  const { restarts } = client.metrics();
  const since = restarts === 0 ? '' : ' since its last restart';
  const line = [
    `${result.name}: ${result.state} in ${formatDuration(result.durationMs)}, ${formatCount(records)} records${since}`,
    ...(late === 0 ? [] : [`${formatCount(late)} late and dropped`]),
    ...(skipped === 0 ? [] : [`${formatCount(skipped)} malformed and skipped`]),
  ].join(', ');
  const examples = result.skipped.map(({ place, reason }) => `  ${place}: ${reason}`);
  const more = skipped > examples.length && examples.length > 0 ? ['  ...'] : [];
  return [line, ...examples, ...more].join('\n');
}
