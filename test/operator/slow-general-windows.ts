/**
 * Windows in general as their rules have them: one key, record by record, with an object for each window, which holds all
 * its records. Nothing is shared with the engine but the words.
 */

export type SlowRecord = { readonly v: number; readonly time: number };

export type SlowAssigner =
  | {
      readonly kind: 'fixed';
      readonly windowsOf: (time: number) => readonly (readonly [number, number])[];
    }
  | { readonly kind: 'session'; readonly gapOf: (record: SlowRecord) => number };

export type SlowTrigger =
  | { readonly kind: 'end' | 'endOfStream' | 'never' }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'continuous'; readonly every: number }
  | { readonly kind: 'delta'; readonly threshold: number };

/** What the rules of a run are. */
export type SlowRules = {
  readonly assigner: SlowAssigner;
  readonly trigger: SlowTrigger;
  readonly isPurging: boolean;
  readonly lateness: number;
  readonly isByClock: boolean;
  /** Which records are left, of those of a window that fires; all when left out. */
  readonly evict?: (records: readonly SlowRecord[]) => readonly SlowRecord[];
  readonly evictsAfter?: boolean;
  /** The values of a window come by stretches of this length; as their records came when left out. */
  readonly paneMs?: number;
};

type Window = {
  start: number;
  end: number;
  records: SlowRecord[];
  /** Records since the last firing, for a trigger of counts. */
  count: number;
  /** When a continuous trigger fires next. */
  next: number | null;
  /** The record that a trigger of distances compares with. */
  last: SlowRecord | null;
  /** Whether the end is still to come. */
  endIsDue: boolean;
};

/** A result: bounds, and the values of its records in order. */
export type SlowResult = { readonly start: number; readonly end: number; readonly all: number[] };

export class SlowGeneralWindows {
  readonly #rules: SlowRules;
  #windows: Window[] = [];
  /** Of event time, or the clock. */
  #now = -Infinity;
  #results: SlowResult[] = [];
  readonly late: SlowRecord[] = [];

  constructor(rules: SlowRules) {
    this.#rules = rules;
  }

  takeResults(): SlowResult[] {
    const results = this.#results;
    this.#results = [];
    return results;
  }

  add(record: SlowRecord): void {
    const { assigner } = this.#rules;
    if (assigner.kind === 'session') {
      const end = record.time + assigner.gapOf(record);
      const window = this.#session(record.time, end);
      if (window === null) this.late.push(record);
      else this.#put(window, record);
      return;
    }
    const bounds = assigner.windowsOf(record.time);
    const kept = bounds.filter(([, end]) => !this.#isOver(end));
    if (kept.length === 0 && this.#isOver(record.time + 1)) this.late.push(record);
    for (const [start, end] of kept) {
      const found = this.#windows.find((window) => window.start === start && window.end === end);
      this.#put(found ?? this.#open(start, end), record);
    }
  }

  #isOver(end: number): boolean {
    return !this.#rules.isByClock && end - 1 + this.#rules.lateness <= this.#now;
  }

  #open(start: number, end: number): Window {
    const window: Window = {
      start,
      end,
      records: [],
      count: 0,
      next: null,
      last: null,
      endIsDue: this.#lastOf(end) > this.#now,
    };
    this.#windows.push(window);
    return window;
  }

  #session(start: number, end: number): Window | null {
    const joined = this.#windows
      .filter((window) => window.start <= end && window.end >= start)
      .sort((a, b) => a.start - b.start);
    if (joined.length === 0) return this.#isOver(end) ? null : this.#open(start, end);
    const from = Math.min(start, ...joined.map((window) => window.start));
    const to = Math.max(end, ...joined.map((window) => window.end));
    const [first, ...others] = joined as [Window, ...Window[]];
    if (others.length === 0 && first.start === from && first.end === to) return first;
    const nexts = joined.flatMap(({ next }) => (next === null ? [] : [next]));
    first.records = joined.flatMap(({ records }) => records);
    first.count = joined.reduce((sum, { count }) => sum + count, 0);
    first.next = nexts.length === 0 ? null : Math.min(...nexts);
    first.endIsDue = this.#lastOf(to) > this.#now;
    first.start = from;
    first.end = to;
    this.#windows = this.#windows.filter((window) => !others.includes(window));
    return first;
  }

  /** When a window with this end fires at its end. */
  #lastOf(end: number): number {
    return this.#rules.isByClock ? end : end - 1;
  }

  #put(window: Window, record: SlowRecord): void {
    const { trigger, isByClock } = this.#rules;
    window.records.push(record);
    const last = this.#lastOf(window.end);
    switch (trigger.kind) {
      case 'end':
        if (!isByClock && last <= this.#now) this.#fire(window);
        break;
      case 'count':
        window.count++;
        if (window.count < trigger.count) break;
        window.count = 0;
        this.#fire(window);
        break;
      case 'continuous': {
        if (!isByClock && last <= this.#now) {
          this.#fire(window);
          break;
        }
        window.next ??= Math.min(
          Math.floor(record.time / trigger.every) * trigger.every + trigger.every,
          last,
        );
        break;
      }
      case 'delta':
        if (window.last === null) window.last = record;
        else if (record.v - window.last.v > trigger.threshold) {
          window.last = record;
          this.#fire(window);
        }
        break;
      default:
    }
  }

  #fire(window: Window): void {
    const { evict, evictsAfter, isPurging } = this.#rules;
    if (window.records.length === 0) return;
    const left = evict === undefined ? window.records : [...evict(window.records)];
    const shown = evictsAfter === true ? window.records : left;
    const all = this.#byPanes(shown).map(({ v }) => v);
    this.#results.push({ start: window.start, end: window.end, all });
    window.records = left;
    if (isPurging) window.records = [];
  }

  #byPanes(records: readonly SlowRecord[]): readonly SlowRecord[] {
    const { paneMs } = this.#rules;
    if (paneMs === undefined) return records;
    const paneOf = ({ time }: SlowRecord): number => Math.floor(time / paneMs);
    return [...records].sort((a, b) => paneOf(a) - paneOf(b));
  }

  /** Time goes on to here: what is due happens in the order of its time. */
  advance(now: number): void {
    if (now <= this.#now) return;
    this.#now = now;
    for (;;) {
      const due = this.#windows
        .map((window) => [this.#dueOf(window), window] as const)
        .filter(([time]) => time <= now && time !== Infinity)
        .sort(([a], [b]) => a - b)[0];
      if (due === undefined) break;
      this.#onTime(due[1], due[0]);
    }
    const { trigger } = this.#rules;
    if (now !== Infinity || trigger.kind !== 'endOfStream') return;
    for (const window of this.#windows) this.#fire(window);
  }

  /** Time begins anew and comes back to where it was: what was set for a time that had passed happens now. */
  restart(): void {
    const now = this.#now;
    this.#now = -Infinity;
    this.advance(now);
  }

  /** The next thing that happens to a window by time alone. */
  #dueOf(window: Window): number {
    const { trigger, lateness, isByClock } = this.#rules;
    const times = [this.#lastOf(window.end) + (isByClock ? 0 : lateness)];
    const firesAtEnd = trigger.kind === 'end' || trigger.kind === 'continuous';
    if (firesAtEnd && window.endIsDue) times.push(this.#lastOf(window.end));
    if (trigger.kind === 'continuous' && window.next !== null) times.push(window.next);
    return Math.min(...times);
  }

  #onTime(window: Window, time: number): void {
    const { trigger, lateness, isByClock } = this.#rules;
    const last = this.#lastOf(window.end);
    const isEnd = time === last && window.endIsDue;
    const isNext = trigger.kind === 'continuous' && time === window.next;
    // A window without bounds would go on for ever at the end of the stream.
    const isEndless = last === Infinity && this.#now === Infinity;
    if (isNext) window.next = isEndless ? null : next(time, trigger.every, last);
    if (isEnd) window.endIsDue = false;
    if (isNext || (isEnd && (trigger.kind === 'end' || trigger.kind === 'continuous'))) {
      this.#fire(window);
    }
    if (time === last + (isByClock ? 0 : lateness)) {
      this.#windows = this.#windows.filter((other) => other !== window);
    }
  }
}

/** The next regular time; none behind the end. */
function next(time: number, every: number, last: number): number | null {
  return time < last ? Math.min(time + every, last) : null;
}
