/** Kinds of windows, triggers and evictors, and the same of the slow model (slow-general-windows.ts); what goes together. */
import {
  countEvictor,
  customEvictor,
  deltaEvictor,
  type Evictor,
  timeEvictor,
} from '../../src/api/evictors.ts';
import {
  continuousEventTimeTrigger,
  continuousProcessingTimeTrigger,
  countTrigger,
  deltaTrigger,
  endOfStreamTrigger,
  eventTimeTrigger,
  processingTimeTrigger,
  purging,
  type Trigger,
} from '../../src/api/triggers.ts';
import {
  cumulating,
  customWindow,
  globalWindow,
  type PairWindow,
  session,
  sliding,
  tumbling,
  type WindowBounds,
} from '../../src/api/windows.ts';
import type { Random } from '../../src/base/random.ts';
import type { EvictorRow } from '../../src/operator/window/general/custom-evictor.ts';
import type { SlowAssigner, SlowRecord, SlowRules, SlowTrigger } from './slow-general-windows.ts';

/** What they know of a row. */
export type Valued = { readonly v: number };
type Time = { readonly time: 'event' | 'processing' };

const floorMod = (a: number, b: number): number => ((a % b) + b) % b;
const slidingAt = (size: number, slide: number, offset: number) => (time: number) => {
  const windows: [number, number][] = [];
  const last = time - floorMod(time - offset, slide);
  for (let start = last; start > time - size; start -= slide) windows.push([start, start + size]);
  return windows;
};
const gapOf = ({ v }: { readonly v: number }): number => 3 + floorMod(v, 9);

/** Of one length or another, in one order or the other, and none at some times. */
function ownWindows(time: number): [number, number][] {
  const start = time - floorMod(time, 8);
  const both: [number, number][] = [
    [start, start + 8],
    [start - 3, start + 12],
  ];
  if (floorMod(time, 7) === 0) return [];
  if (floorMod(time, 3) === 0) return both.slice(0, 1);
  return floorMod(time, 2) === 0 ? both : both.reverse();
}

function boundsOf(windows: readonly (readonly [number, number])[]): WindowBounds[] {
  return windows.map(([windowStart, windowEnd]) => ({ windowStart, windowEnd }));
}

/** Windows of the engine, and of the model. */
const ASSIGNERS: Readonly<
  Record<string, readonly [(time: Time) => PairWindow<Valued>, SlowAssigner]>
> = {
  tumbling: [
    (time) => tumbling(10, { offset: -3, ...time }),
    { kind: 'fixed', windowsOf: slidingAt(10, 10, -3) },
  ],
  sliding: [(time) => sliding(15, 6, time), { kind: 'fixed', windowsOf: slidingAt(15, 6, 0) }],
  'sliding with gaps': [
    (time) => sliding(4, 9, time),
    { kind: 'fixed', windowsOf: slidingAt(4, 9, 0) },
  ],
  cumulating: [
    (time) => cumulating(20, 5, time),
    {
      kind: 'fixed',
      windowsOf(time) {
        const start = time - floorMod(time, 20);
        return [5, 10, 15, 20]
          .filter((size) => start + size > time)
          .map((size) => [start, start + size] as const);
      },
    },
  ],
  session: [(time) => session(7, time), { kind: 'session', gapOf: () => 7 }],
  'session by the record': [(time) => session(gapOf, time), { kind: 'session', gapOf }],
  custom: [
    (time) => customWindow({ assign: (_, at) => boundsOf(ownWindows(at)), ...time }),
    { kind: 'fixed', windowsOf: ownWindows },
  ],
  'custom, merging': [
    (time) =>
      customWindow({
        assign: (row, at) => boundsOf([[at, at + gapOf(row)]]),
        merges: true,
        ...time,
      }),
    { kind: 'session', gapOf },
  ],
  global: [globalWindow, { kind: 'fixed', windowsOf: () => [[-Infinity, Infinity]] }],
};

const TRIGGERS: Readonly<
  Record<string, readonly [(isByClock: boolean) => Trigger<Valued> | null, SlowTrigger]>
> = {
  'at the end': [() => null, { kind: 'end' }],
  'at the end, said so': [
    (isByClock) => (isByClock ? processingTimeTrigger() : eventTimeTrigger()),
    { kind: 'end' },
  ],
  'by count': [() => countTrigger(3), { kind: 'count', count: 3 }],
  continuous: [
    (isByClock) => (isByClock ? continuousProcessingTimeTrigger(4) : continuousEventTimeTrigger(4)),
    { kind: 'continuous', every: 4 },
  ],
  'by distance': [
    () => deltaTrigger(20, (before, row) => row.v - before.v),
    { kind: 'delta', threshold: 20 },
  ],
  'at the end of the stream': [() => endOfStreamTrigger(), { kind: 'endOfStream' }],
};

const EVICTORS: Readonly<
  Record<
    string,
    readonly [(after: boolean) => Evictor<Valued>, (records: readonly SlowRecord[]) => SlowRecord[]]
  >
> = {
  'by count': [(after) => countEvictor(2, { after }), (records) => records.slice(-2)],
  'by time': [
    (after) => timeEvictor(5, { after }),
    (records) => {
      const newest = Math.max(...records.map(({ time }) => time));
      return records.filter(({ time }) => time > newest - 5);
    },
  ],
  'by distance': [
    (after) => deltaEvictor(10, (row, last) => Math.abs(row.v - last.v), { after }),
    (records) => records.filter(({ v }) => Math.abs(v - records.at(-1)!.v) < 10),
  ],
  'by a function': [
    (after) => {
      const stay = (rows: readonly EvictorRow<Valued>[]): EvictorRow<Valued>[] =>
        rows.filter(({ row, timestamp }, i) => i === 0 || (row.v + timestamp) % 3 !== 0).reverse();
      return customEvictor(after ? { after: stay } : { before: stay });
    },
    (records) => records.filter(({ v, time }, i) => i === 0 || (v + time) % 3 !== 0),
  ],
};

export type Case = {
  readonly assigner: string;
  readonly trigger: string;
  readonly isByClock: boolean;
  readonly evictor: string | null;
};

/** Combinations that there cannot be are left out. */
function isPossible({ assigner, trigger, isByClock }: Case): boolean {
  const merges = assigner.startsWith('session') || assigner.endsWith('merging');
  if (trigger === 'by distance' && merges) return false;
  if (assigner === 'global' && isByClock) return false;
  return trigger !== 'at the end of the stream' || assigner === 'global';
}

export function casesOf(): Case[] {
  const cases: Case[] = [];
  for (const assigner of Object.keys(ASSIGNERS)) {
    for (const trigger of Object.keys(TRIGGERS)) {
      for (const isByClock of [false, true]) {
        for (const evictor of [null, ...Object.keys(EVICTORS)]) {
          cases.push({ assigner, trigger, isByClock, evictor });
        }
      }
    }
  }
  return cases.filter(isPossible);
}

/** All that is said of the windows of a case, and the same for the slow model. */
export type Said = {
  readonly window: PairWindow<Valued>;
  /** Null where nothing is said of it. */
  readonly trigger: Trigger<Valued> | null;
  readonly evictor: Evictor<Valued> | null;
  readonly lateness: number;
  readonly canBeLate: boolean;
  readonly isPlain: boolean;
  readonly rules: SlowRules;
};

/** Draws what a case leaves open. */
export function saidOf({ assigner, trigger, isByClock, evictor }: Case, random: Random): Said {
  const isPurging = random.below(2) === 1;
  const canBeLate = !isByClock && assigner !== 'global';
  const lateness = canBeLate ? [0, 0, 6, 25][random.below(4)]! : 0;
  const evictsAfter = random.below(2) === 1;
  const [windowOf, slowAssigner] = ASSIGNERS[assigner]!;
  const [triggerOf, slowTrigger] = TRIGGERS[trigger]!;
  const chosen = triggerOf(isByClock);
  const [evictorOf, evict] = evictor === null ? [null, null] : EVICTORS[evictor]!;
  const isNever = assigner === 'global' && slowTrigger.kind === 'end';
  return {
    window: windowOf({ time: isByClock ? 'processing' : 'event' }),
    trigger: chosen !== null && isPurging ? purging(chosen) : chosen,
    evictor: evictorOf === null ? null : evictorOf(evictsAfter),
    lateness,
    canBeLate,
    isPlain: chosen === null && evictor === null && lateness === 0,
    rules: {
      assigner: slowAssigner,
      trigger: isNever ? { kind: 'never' } : slowTrigger,
      isPurging: isPurging && chosen !== null,
      lateness,
      isByClock,
      ...(evict === null ? {} : { evict, evictsAfter }),
    },
  };
}
