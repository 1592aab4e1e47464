/**
 * Posted bodies as batches. A body is read whole into builders before any of its rows goes out, so that one that is refused
 * leaves nothing; small ones share a batch. A request is answered when the last of its rows is handed over.
 */
import { EngineError } from '../../../base/errors.ts';
import { BatchBuilder } from '../../../data/batch-builder.ts';
import type { Schema } from '../../../data/schema.ts';
import type { PollResult, SplitReader, SplitReaderContext } from '../../../operator/source.ts';
import { textOfAddress } from '../address.ts';
import { answer, HttpListener } from './http-listener.ts';
import type { IngestRules } from './ingest.ts';
import { BodyReader, type Misfit } from './ingest-body.ts';
import { type Body, Intake } from './intake.ts';

type Filled = {
  readonly builder: BatchBuilder;
  /** Answers to requests whose last row is in it. */
  readonly answers: (() => void)[];
};

/** Builders that are kept to be filled again. */
const SPARE_BUILDERS_MAX = 4;

export class IngestReader implements SplitReader {
  readonly wakeAtMs = Infinity;
  readonly waitsForEvents = true;
  readonly #schema: Schema | null;
  readonly #rules: IngestRules;
  readonly #context: SplitReaderContext;
  readonly #bodies: BodyReader;
  readonly #intake: Intake;
  readonly #listener: HttpListener;
  /** Rows that have not gone out, the first batch first. */
  readonly #filled: Filled[] = [];
  readonly #spare: BatchBuilder[] = [];
  /** The batch that has gone out last. */
  #given: BatchBuilder | null = null;
  #error: EngineError | null = null;
  #isFinishing = false;

  constructor(schema: Schema | null, rules: IngestRules, context: SplitReaderContext) {
    this.#schema = schema;
    this.#rules = rules;
    this.#context = context;
    this.#bodies = new BodyReader(schema);
    this.#intake = new Intake(rules, context.wake);
    this.#listener = new HttpListener('httpIngest', rules, {
      onRequest: (request, response) => this.#intake.onRequest(request, response),
      onError: (error) => {
        this.#error = error;
        context.wake();
      },
    });
  }

  poll(): PollResult {
    if (this.#given !== null) this.#keep(this.#given);
    this.#given = null;
    this.#fill();
    const next = this.#filled.shift();
    if (next !== undefined) {
      for (const send of next.answers) send();
      this.#given = next.builder;
      return next.builder.seal();
    }
    if (this.#error !== null) throw this.#error;
    return this.#isFinishing ? 'end' : 'idle';
  }

  /** Reads bodies until a batch is full, or none waits. */
  #fill(): void {
    while (this.#filled.length < 2 && this.#filled[0]?.builder.isFull !== true) {
      if (this.#error !== null) return;
      const body = this.#intake.next();
      if (body === null) return;
      this.#read(body);
    }
  }

  #read(body: Body): void {
    const builders = this.#filled.length;
    const rows = this.#filled.at(-1)?.builder.rowCount ?? 0;
    let skipped = 0;
    const { onMalformed } = this.#rules;
    this.#context.read?.(body.bytes.length);
    const refused = this.#bodies.read(body.kind, body.bytes, {
      builder: () => this.#builder(),
      goesOn: (misfit) => {
        if (onMalformed === 'refuse' || onMalformed === 'fail') return false;
        skipped++;
        this.#tell(body, misfit);
        return true;
      },
    });
    if (refused !== null) {
      this.#takeBack(builders, rows);
      this.#refuse(body, refused);
      return;
    }
    const touched = this.#filled.slice(Math.max(0, builders - 1));
    const accepted = touched.reduce((sum, { builder }) => sum + builder.rowCount, -rows);
    const send = (): void => answer(body.response, 200, { accepted, skipped });
    if (accepted === 0) send();
    else this.#filled.at(-1)!.answers.push(send);
  }

  #builder(): BatchBuilder {
    const last = this.#filled.at(-1)?.builder;
    if (last !== undefined && !last.isFull) return last;
    const builder = this.#spare.pop() ?? new BatchBuilder(this.#schema);
    this.#filled.push({ builder, answers: [] });
    return builder;
  }

  #takeBack(builders: number, rows: number): void {
    for (const { builder } of this.#filled.splice(builders)) this.#keep(builder);
    this.#filled.at(-1)?.builder.truncate(rows);
  }

  #keep(builder: BatchBuilder): void {
    builder.reset();
    if (this.#spare.length < SPARE_BUILDERS_MAX) this.#spare.push(builder);
  }

  #refuse({ response, from }: Body, { place, line, reason }: Misfit): void {
    answer(response, 400, { error: `${place}: ${reason}`, line });
    if (this.#rules.onMalformed !== 'fail') return;
    this.#error = new EngineError(
      'INPUT_MALFORMED',
      `${this.#path}, ${place} from ${from}: ${reason}`,
    );
  }

  #tell({ from }: Body, { place, line, reason, text }: Misfit): void {
    const where = `${this.#path}, ${place} from ${from}`;
    this.#context.malformed({ file: this.#path, place: where, line, byte: null, reason, text });
  }

  get #path(): string {
    const { host = '127.0.0.1', port, path = '/', tls } = this.#rules;
    return `${tls === undefined ? 'http' : 'https'}://${textOfAddress({ host, port })}${path}`;
  }

  position(): null {
    return null;
  }

  progress(): number {
    return 0;
  }

  finish(): void {
    this.#isFinishing = true;
    this.#intake.finish();
  }

  close(): void {
    this.#intake.close();
    this.#listener.close();
  }
}
