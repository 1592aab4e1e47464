/** What `millrace serve` tells of its jobs: lines of text on standard error, or with `--json` lines of JSON on standard output. */
import { describeFailure, failureOf } from './failure.ts';

export type ServeEvent =
  | { readonly event: 'listening'; readonly url: string }
  /** A module cannot be loaded. */
  | { readonly event: 'notLoaded'; readonly module: string; readonly error: unknown }
  | { readonly event: 'notStarted'; readonly job: string; readonly error: unknown }
  | { readonly event: 'started'; readonly job: string; readonly id: string }
  | {
      readonly event: 'ended';
      readonly job: string;
      readonly id: string;
      readonly state: string;
      readonly durationMs: number;
      /** Why it has failed; null otherwise. */
      readonly error: unknown;
      /** Whether its checkpoint says that it had come to its end before: nothing was left to do. */
      readonly hadFinished: boolean;
    }
  /** What does not concern the jobs that run. */
  | { readonly event: 'warning'; readonly message: string };

export type TellEvent = (event: ServeEvent) => void;

export function eventTeller(json: boolean): TellEvent {
  return json
    ? (event) => console.log(JSON.stringify(plainEvent(event)))
    : (event) => console.error(eventText(event));
}

/** As plain data. */
function plainEvent(event: ServeEvent): object {
  if (!('error' in event)) return event;
  const { error } = event;
  return { ...event, error: error === null ? null : failureOf(error) };
}

function eventText(event: ServeEvent): string {
  switch (event.event) {
    case 'listening':
      return event.url;
    case 'notLoaded':
      return `${event.module}: ${describeFailure(event.error)}`;
    case 'notStarted':
      return `${event.job}: ${describeFailure(event.error)}`;
    case 'started':
      return `${event.job}: runs, job ${event.id}`;
    case 'ended': {
      const { job, state, durationMs, error, hadFinished } = event;
      if (error !== null) return `${job}: ${describeFailure(error)}`;
      if (hadFinished) {
        return (
          `${job}: it had finished before; start it anew by another --checkpoint-dir, ` +
          `with another folder for its files or { existing: 'replace' }`
        );
      }
      return state === 'cancelled'
        ? `${job}: cancelled`
        : `${job}: ${state} after ${Math.round(durationMs)} ms`;
    }
    default:
      return event.message;
  }
}
