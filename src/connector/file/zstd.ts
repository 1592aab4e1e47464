/**
 * Zstandard by the reference decoder, compiled to WebAssembly: it checks all that a frame claims, so that damaged bytes end
 * in an error and never in a loop, and takes no frame whose window is above its limit of 128 MB. Unlike Node's own, which is
 * there from 22.15 on, it decodes a file piece by piece while the caller waits.
 */
import { ZSTDDecoder } from 'zstddec/stream';
import { must } from '../../base/assert.ts';

/** What WebAssembly has of the decoder; numbers are addresses and sizes. */
type Decoder = {
  readonly memory: { readonly buffer: ArrayBuffer };
  malloc(bytes: number): number;
  free(address: number): void;
  ZSTD_findDecompressedSize(input: number, bytes: number): bigint;
  ZSTD_decompress(output: number, outputBytes: number, input: number, bytes: number): number;
  ZSTD_createDCtx(): number;
  ZSTD_DStreamOutSize(): number;
  ZSTD_decompressStream(context: number, output: number, input: number): number;
};

/** As far as it is used here. */
type WebAssemblyApi = {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
  readonly instantiate: unknown;
};

const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi };
let compiled: object | null = null;

/** A decoder with memory of its own, which goes when the decoder does: memory of WebAssembly never shrinks. */
function newDecoder(): Decoder {
  compiled ??= new WebAssembly.Module(codeOfLibrary());
  const imports = { env: { emscripten_notify_memory_growth() {} } };
  return new WebAssembly.Instance(compiled, imports).exports as Decoder;
}

/**
 * The library compiles its code behind a promise, for which a reader cannot wait; here it hands over the code instead. It
 * would rather fetch it from a data URL, for which Node loads its whole HTTP client: `fetch` is hidden meanwhile.
 */
function codeOfLibrary(): Uint8Array {
  let code: Uint8Array | null = null;
  const instantiate = (bytes: Uint8Array): Promise<never> => {
    code = bytes;
    return new Promise(() => {});
  };
  replaced(WebAssembly, 'instantiate', instantiate, () =>
    replaced(globalThis, 'fetch', undefined, () => void new ZSTDDecoder().init()),
  );
  return must<Uint8Array>(code, 'code of the decoder');
}

/** Runs with another value of a property. */
function replaced(owner: object, name: string, value: unknown, run: () => void): void {
  const property = must(Object.getOwnPropertyDescriptor(owner, name), name);
  Object.defineProperty(owner, name, { configurable: true, writable: true, value });
  try {
    run();
  } finally {
    Object.defineProperty(owner, name, property);
  }
}

/** struct { void* bytes; size_t size; size_t place; } of 32 bits each. */
const VIEW_BYTES = 12;
const PLACE = 8;
/** Codes of errors are the highest sizes, which are negative here. */
const ERROR_CODES = 120;

function check(result: number): void {
  if (result < 0 && result >= -ERROR_CODES) throw new RangeError(`error ${-result} of zstd`);
}

function allocate(decoder: Decoder, bytes: number): number {
  const address = decoder.malloc(bytes) >>> 0;
  if (address === 0) throw new RangeError(`no memory for ${bytes} bytes`);
  return address;
}

function copyIn(decoder: Decoder, bytes: Uint8Array): number {
  const address = allocate(decoder, bytes.length);
  new Uint8Array(decoder.memory.buffer).set(bytes, address);
  return address;
}

/** Decodes frames that stand one after the other. */
export class ZstdStream {
  readonly #decoder = newDecoder();
  readonly #take: (content: Uint8Array) => void;
  readonly #context = this.#decoder.ZSTD_createDCtx();
  readonly #outputBytes = this.#decoder.ZSTD_DStreamOutSize();
  readonly #output = allocate(this.#decoder, this.#outputBytes);
  readonly #views = allocate(this.#decoder, 2 * VIEW_BYTES);
  /** Whether a frame has begun and not ended. */
  #isInside = false;

  /** `take` gets memory of its own. */
  constructor(take: (content: Uint8Array) => void) {
    this.#take = take;
  }

  /** Throws a RangeError when the bytes are damaged, and at the last ones when they are cut off. */
  push(bytes: Uint8Array, isLast: boolean): void {
    const decoder = this.#decoder;
    const input = copyIn(decoder, bytes);
    let place = 0;
    let isFull = false;
    // What has found no room in a full output comes with the next call, if no byte is left too.
    while (place < bytes.length || isFull) {
      const { result, consumed, count } = this.#decode(input, place, bytes.length);
      check(result);
      place = consumed;
      isFull = result !== 0 && count === this.#outputBytes;
      this.#isInside = result !== 0;
    }
    decoder.free(input);
    if (isLast && this.#isInside) throw new RangeError('it is cut off');
  }

  #decode(input: number, place: number, size: number) {
    const { memory, ZSTD_decompressStream: decompress } = this.#decoder;
    const source = this.#views + VIEW_BYTES;
    const before = new DataView(memory.buffer);
    before.setUint32(this.#views, this.#output, true);
    before.setUint32(this.#views + 4, this.#outputBytes, true);
    before.setUint32(this.#views + PLACE, 0, true);
    before.setUint32(source, input, true);
    before.setUint32(source + 4, size, true);
    before.setUint32(source + PLACE, place, true);
    const result = decompress(this.#context, this.#views, source);
    // The memory is another one when it has grown.
    const after = new DataView(memory.buffer);
    const count = after.getUint32(this.#views + PLACE, true);
    if (count > 0)
      this.#take(new Uint8Array(memory.buffer).slice(this.#output, this.#output + count));
    return { result, consumed: after.getUint32(source + PLACE, true), count };
  }
}

/** Above it the decoder is given up: its memory never shrinks. */
const SHARED_BYTES_MAX = 64 * 1024 * 1024;
let shared: Decoder | null = null;

/** The content of frames at once; throws a RangeError when they are damaged or hold more than `bytesMax` bytes. */
export function decompressZstd(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const decoder = shared ?? newDecoder();
  // It comes back when nothing has gone wrong.
  shared = null;
  const input = copyIn(decoder, bytes);
  const size = decoder.ZSTD_findDecompressedSize(input, bytes.length);
  // A frame that does not tell its size, or is damaged.
  if (size < 0n) return decompressPieces(bytes, bytesMax);
  if (size > bytesMax) throw tooLarge(bytesMax);
  const output = allocate(decoder, Number(size));
  const count = decoder.ZSTD_decompress(output, Number(size), input, bytes.length);
  check(count);
  const content = new Uint8Array(decoder.memory.buffer).slice(output, output + count);
  decoder.free(input);
  decoder.free(output);
  if (decoder.memory.buffer.byteLength <= SHARED_BYTES_MAX) shared = decoder;
  return content;
}

function decompressPieces(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const stream = new ZstdStream((piece) => {
    length += piece.length;
    if (length > bytesMax) throw tooLarge(bytesMax);
    pieces.push(piece);
  });
  stream.push(bytes, true);
  const content = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    content.set(piece, at);
    at += piece.length;
  }
  return content;
}

const tooLarge = (bytesMax: number): RangeError => new RangeError(`more than ${bytesMax} bytes`);
