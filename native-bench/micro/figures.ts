/** Figures of single parts of the engine: codec, queue and fused loops, against the libraries one would take instead. */
import {
  atLeast,
  atMost,
  type Figure,
  figure,
  javascript,
  perSecond,
  reported,
  type Settings,
  scaled,
  typescript,
  type Variant,
} from '../figure.ts';

const CODEC_RECORDS = 4096;
const CODEC_MS = 2000;
const CODEC_MS_MIN = 40;
const FUSION_RECORDS = 200_000_000;
const TEXT_RECORDS = 5_000_000;
const ASYNC_RECORDS = 2_000_000;
const RINGBUF_FRAMES = 50_000_000;
/** Fewer, for it is slow. */
const POST_MESSAGE_FRAMES = 4_000_000;

function codec(way: string, settings: Settings): Variant {
  const ms = scaled(CODEC_MS, settings, CODEC_MS_MIN);
  return {
    command: typescript('native-bench/micro/codec.ts', way, CODEC_RECORDS, ms),
    measure: (run) => reported(run, 'nsPerRecord'),
  };
}

/** How many times as long as the engine msgpackr takes. */
const codecFigure = (
  parts: Pick<Figure, 'id' | 'what' | 'bar'> & { engine: string; msgpackr: string },
): Figure =>
  figure({
    id: parts.id,
    what: parts.what,
    unit: 'times as fast as msgpackr',
    roundUnit: 'ns/record',
    bar: parts.bar,
    variants: (settings) => ({
      engine: codec(parts.engine, settings),
      msgpackr: codec(parts.msgpackr, settings),
    }),
    value: (medians) => medians.msgpackr / medians.engine,
  });

function queue(way: string, frames: number, settings: Settings): Variant {
  const count = scaled(frames, settings, 1000);
  return perSecond(count, javascript('native-bench/micro/queue.mjs', way, count));
}

function chain(way: 'fused' | 'separate', settings: Settings): Variant {
  const records = scaled(FUSION_RECORDS, settings, 4096);
  return perSecond(records, typescript('native-bench/micro/fusion.ts', way, records));
}

function mapAsync(way: 'engine' | 'promises', records: number): Variant {
  return {
    command: typescript('native-bench/micro/map-async.ts', way, records),
    measure: (run) => reported(run, 'nsPerRecord') / 1000,
  };
}

function textFormat(way: string, settings: Settings): Variant {
  const records = scaled(TEXT_RECORDS, settings, 1000);
  return perSecond(records, typescript('native-bench/micro/text-formats.ts', way, records));
}

export const MICRO_FIGURES: readonly Figure[] = [
  codecFigure({
    id: 'codec',
    what: 'row objects of 6 fields, 2 of them strings, through a ring frame to row objects made anew, every field read, against msgpackr packing and unpacking each record',
    bar: atLeast(6),
    engine: 'rows',
    msgpackr: 'msgpackr',
  }),
  codecFigure({
    id: 'codec-columns',
    what: 'the same records into columns of a schema and read in place, against msgpackr packing and unpacking each record; for information',
    bar: null,
    engine: 'columns',
    msgpackr: 'msgpackr',
  }),
  codecFigure({
    id: 'codec-objects',
    what: 'the same records as values of one dynamic column, as accumulators of functions are, through a ring frame to objects made anew, against msgpackr packing and unpacking each',
    bar: atLeast(3),
    engine: 'values',
    msgpackr: 'msgpackr',
  }),
  codecFigure({
    id: 'codec-lists',
    what: 'the same in lists of one to four records, the lists as values of one dynamic column, against msgpackr packing and unpacking each list',
    bar: atLeast(1.5),
    engine: 'lists',
    msgpackr: 'msgpackr-lists',
  }),
  codecFigure({
    id: 'codec-array',
    what: 'as codec, but against msgpackr packing all records of the batch as one array; for information',
    bar: null,
    engine: 'rows',
    msgpackr: 'msgpackr-array',
  }),
  figure({
    id: 'queue-ringbuf',
    what: 'SpscQueue against ringbuf.js, the faster of its forms: frames of 64 bytes from one thread to another',
    unit: 'times ringbuf.js',
    roundUnit: 'frames/s',
    bar: atLeast(1),
    variants: (settings) => ({
      spscQueue: queue('spsc', RINGBUF_FRAMES, settings),
      ringbufBytes: queue('ringbuf-bytes', RINGBUF_FRAMES, settings),
      ringbufWords: queue('ringbuf-words', RINGBUF_FRAMES, settings),
    }),
    value: (medians) => medians.spscQueue / Math.max(medians.ringbufBytes, medians.ringbufWords),
  }),
  figure({
    id: 'queue-postmessage',
    what: 'SpscQueue against postMessage: frames of 64 bytes from one thread to another; for information',
    unit: 'times postMessage',
    roundUnit: 'frames/s',
    bar: null,
    variants: (settings) => ({
      spscQueue: queue('spsc', POST_MESSAGE_FRAMES, settings),
      postMessage: queue('postmessage', POST_MESSAGE_FRAMES, settings),
    }),
    value: (medians) => medians.spscQueue / medians.postMessage,
  }),
  figure({
    id: 'fusion',
    what: 'map, filter, map and project as one generated loop against four operators that hand batches on',
    unit: 'times separate operators',
    roundUnit: 'records/s',
    bar: atLeast(3),
    variants: (settings) => ({
      fused: chain('fused', settings),
      separate: chain('separate', settings),
    }),
    value: (medians) => medians.fused / medians.separate,
  }),
  figure({
    id: 'map-async',
    what: 'what mapAsync adds to a record, over a bare loop of the same promises, 100 at a time and in order',
    unit: 'us/record',
    roundUnit: 'us/record',
    bar: atMost(2),
    verify: (settings) => {
      const records = scaled(ASYNC_RECORDS / 10, settings, 1000);
      return [mapAsync('engine', records).command, mapAsync('promises', records).command];
    },
    variants: (settings) => {
      const records = scaled(ASYNC_RECORDS, settings, 1000);
      return { engine: mapAsync('engine', records), promises: mapAsync('promises', records) };
    },
    value: (medians) => medians.engine - medians.promises,
  }),
  figure({
    id: 'json-lines',
    what: 'JSON lines of six fields into columns of a schema, against JSON.parse of each line; every field read',
    unit: 'times JSON.parse',
    roundUnit: 'records/s',
    bar: atLeast(2),
    variants: (settings) => ({
      columns: textFormat('json-columns', settings),
      parse: textFormat('json-parse', settings),
    }),
    value: (medians) => medians.columns / medians.parse,
  }),
  figure({
    id: 'csv-lines',
    what: 'CSV of six fields into columns of a schema, against udsv to typed objects; every field read',
    unit: 'times udsv',
    roundUnit: 'records/s',
    bar: atLeast(2),
    variants: (settings) => ({
      columns: textFormat('csv-columns', settings),
      udsv: textFormat('csv-udsv', settings),
    }),
    value: (medians) => medians.columns / medians.udsv,
  }),
  figure({
    id: 'avro-columns',
    what: 'Avro of six fields into columns of a schema, against the stream of avsc to objects; every field read',
    unit: 'times avsc',
    roundUnit: 'records/s',
    bar: atLeast(2),
    variants: (settings) => ({
      columns: textFormat('avro-columns', settings),
      avsc: textFormat('avro-avsc', settings),
    }),
    value: (medians) => medians.columns / medians.avsc,
  }),
];
