/**
 * The order in which results leave: that of their records, or as they come. Control elements keep their place in both:
 * no record passes a watermark.
 *
 *   add(request) | control(element) → complete(request) → take → (a request that is done, or a control element)
 */
import type { Watermark } from '../../data/batch.ts';
import { Fifo } from './fifo.ts';
import { DONE, Request } from './request.ts';

export type Control = { readonly watermark: Watermark } | { readonly isIdle: boolean };

export interface ResultQueue {
  /** Requests in it. */
  readonly size: number;
  /** Neither requests nor control elements are in it. */
  readonly isEmpty: boolean;
  /** Whether `take` has something to give. */
  readonly hasReady: boolean;
  add(request: Request): void;
  control(element: Control): void;
  /** The request is done. */
  complete(request: Request): void;
  take(): Request | Control;
  /** All requests, in the order of their records. */
  requests(): Iterable<Request>;
}

export function resultQueue(isOrdered: boolean): ResultQueue {
  return isOrdered ? new OrderedQueue() : new UnorderedQueue();
}

/** What is left of two control elements with nothing between them: of watermarks, and of changes of idleness, the last. */
function follows(before: Control, next: Control): boolean {
  return 'watermark' in before === 'watermark' in next;
}

class OrderedQueue implements ResultQueue {
  size = 0;
  readonly #entries = new Fifo<Request | Control>();

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  get hasReady(): boolean {
    const { first } = this.#entries;
    return first !== undefined && (!(first instanceof Request) || first.status === DONE);
  }

  add(request: Request): void {
    this.size++;
    this.#entries.push(request);
  }

  control(element: Control): void {
    const { last } = this.#entries;
    if (last !== undefined && !(last instanceof Request) && follows(last, element)) {
      this.#entries.pop();
    }
    this.#entries.push(element);
  }

  complete(): void {}

  take(): Request | Control {
    const entry = this.#entries.shift()!;
    if (entry instanceof Request) this.size--;
    return entry;
  }

  *requests(): Iterable<Request> {
    for (const entry of this.#entries) if (entry instanceof Request) yield entry;
  }
}

/** Requests between two control elements, and the elements behind them. */
type Segment = {
  readonly requests: Set<Request>;
  readonly done: Fifo<Request>;
  readonly controls: Control[];
};

function emptySegment(): Segment {
  return { requests: new Set(), done: new Fifo(), controls: [] };
}

class UnorderedQueue implements ResultQueue {
  size = 0;
  /** Never empty; only the last has no control elements. */
  readonly #segments = new Fifo<Segment>();
  readonly #segmentOf = new Map<Request, Segment>();

  constructor() {
    this.#segments.push(emptySegment());
  }

  get isEmpty(): boolean {
    return this.#segments.length === 1 && this.size === 0;
  }

  get hasReady(): boolean {
    const { requests, done, controls } = this.#segments.first!;
    return done.length > 0 || (requests.size === 0 && controls.length > 0);
  }

  add(request: Request): void {
    this.size++;
    const segment = this.#segments.last!;
    segment.requests.add(request);
    this.#segmentOf.set(request, segment);
  }

  control(element: Control): void {
    const last = this.#segments.pop()!;
    const before = this.#segments.last;
    // With nothing in between, it belongs to the segment before.
    const segment = last.requests.size === 0 && before !== undefined ? before : last;
    const { controls } = segment;
    if (controls.length > 0 && follows(controls.at(-1)!, element)) controls.pop();
    controls.push(element);
    if (segment === last) this.#segments.push(last);
    this.#segments.push(emptySegment());
  }

  complete(request: Request): void {
    this.#segmentOf.get(request)!.done.push(request);
  }

  take(): Request | Control {
    const segment = this.#segments.first!;
    const request = segment.done.shift();
    if (request === undefined) {
      const control = segment.controls.shift()!;
      if (segment.controls.length === 0) this.#segments.shift();
      return control;
    }
    this.size--;
    segment.requests.delete(request);
    this.#segmentOf.delete(request);
    return request;
  }

  *requests(): Iterable<Request> {
    for (const { requests } of this.#segments) yield* requests;
  }
}
