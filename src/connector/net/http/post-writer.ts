/**
 * Batches of rows as requests, so many of them under way at a time.
 *
 *   write → partial → ready → under way → (retry →)* done        a barrier ends the partial one, and all of them are state
 */

import type { EngineError } from '../../../base/errors.ts';
import { randomId } from '../../../base/random-id.ts';
import type { Batch } from '../../../data/batch.ts';
import { sliceBatch } from '../../../data/copy.ts';
import type { SinkWriter, SinkWriterContext } from '../../../operator/sink.ts';
import type { PlainData } from '../../../operator/source.ts';
import type { FileEncoder } from '../../file/format.ts';
import type { PostRules } from './post.ts';
import { Poster, type Posting } from './poster.ts';

export class PostWriter implements SinkWriter {
  readonly #rules: PostRules;
  readonly #context: SinkWriterContext;
  readonly #poster: Poster;
  /** Begins the idempotency keys of this writer, which no other has. */
  readonly #id = `${randomId()}${randomId()}`;
  #made = 0;
  #encoder: FileEncoder;
  #parts: Uint8Array[] = [];
  #rows = 0;
  /** Those that wait for their turn. */
  readonly #ready: Posting[] = [];
  readonly #underWay = new Set<Posting>();
  #error: EngineError | null = null;
  #isAtEnd = false;
  /** When the partial request goes. */
  wakeAtMs = Infinity;

  constructor(rules: PostRules, context: SinkWriterContext) {
    this.#rules = rules;
    this.#context = context;
    this.#poster = new Poster(rules);
    this.#encoder = rules.format.createEncoder(context.schema);
    this.#ready.push(...(context.restored as readonly Posting[]));
    this.#startReady();
  }

  get isBusy(): boolean {
    const isUnfinished = this.#isAtEnd && this.#underWay.size > 0;
    return this.#error !== null || this.#ready.length > 0 || isUnfinished;
  }

  get waitsForEvents(): boolean {
    return this.#underWay.size > 0;
  }

  write(batch: Batch): void {
    for (let from = 0; from < batch.rowCount; ) {
      const to = Math.min(batch.rowCount, from + this.#rules.batchRows - this.#rows);
      const isWhole = from === 0 && to === batch.rowCount;
      this.#parts.push(this.#encoder.encode(isWhole ? batch : sliceBatch(batch, from, to)));
      this.#rows += to - from;
      from = to;
      if (this.#rows === this.#rules.batchRows) this.#endPartial();
    }
    if (this.#rows > 0 && this.wakeAtMs === Infinity) {
      this.wakeAtMs = this.#context.clock.now() + this.#rules.maxDelayMs;
    }
  }

  advanceTime(): void {
    this.#endPartial();
  }

  #endPartial(): void {
    this.wakeAtMs = Infinity;
    if (this.#rows === 0) return;
    const body = Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    this.#rows = 0;
    if (this.#rules.hasHead) {
      this.#encoder = this.#rules.format.createEncoder(this.#context.schema);
    }
    this.#ready.push({ key: `${this.#id}-${this.#made++}`, body });
    this.#startReady();
  }

  #startReady(): void {
    while (this.#ready.length > 0 && this.#underWay.size < this.#rules.maxInFlight) {
      const posting = this.#ready.shift()!;
      this.#underWay.add(posting);
      this.#poster.post(posting, (error) => this.#onDone(posting, error));
    }
  }

  #onDone(posting: Posting, error: EngineError | null): void {
    this.#error ??= error;
    // What failed stays under way: a checkpoint must not miss it.
    if (error === null) {
      this.#underWay.delete(posting);
      this.#context.wrote?.(Buffer.byteLength(posting.body));
    }
    if (this.#error === null) this.#startReady();
    this.#context.wake();
  }

  resume(): void {
    if (this.#error !== null) throw this.#error;
  }

  preCommit(isEnd: boolean): readonly [] {
    this.#endPartial();
    this.#isAtEnd ||= isEnd;
    return [];
  }

  snapshot(): readonly PlainData[] {
    return [...this.#underWay, ...this.#ready];
  }

  close(): void {
    this.#poster.close();
  }
}
