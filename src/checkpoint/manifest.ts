/**
 * A manifest to the bytes of `manifest.json` and back:
 *
 *   {"version":1,"checksum":"8 hexadecimal digits","manifest":{...}}\n
 *
 * The checksum is the CRC-32 of the bytes of the object behind `"manifest":`. What is around it has to be exactly as
 * drawn, so that no byte can change unseen. Every version begins with its number.
 */
import { EngineError, messageOf } from '../base/errors.ts';
import { FIELD_KINDS } from '../data/schema.ts';
import { allBlocks, type Delta } from '../state/generations.ts';
import type {
  BlockRef,
  Manifest,
  OperatorManifest,
  StateManifest,
  StatePart,
} from './checkpoint.ts';
import { idOf } from './checkpoint-names.ts';
import { crc32 } from './crc32.ts';
import {
  choice,
  finite,
  flag,
  list,
  nullOr,
  type Place,
  plain,
  property,
  text,
  time,
  whole,
  wrong,
} from './shapes.ts';
import { BLOCK_HEAD_BYTES, FILE_HEAD_BYTES } from './state-file.ts';

const VERSION = 1;
const VERSION_HEAD = /^\{"version":(\d+),/;
const HEAD = /^\{"version":1,"checksum":"([0-9a-f]{8})","manifest":/;
const TAIL = '}\n';
/** Bytes of what HEAD matches, all of them ASCII. */
const HEAD_BYTES = '{"version":1,"checksum":"00000000","manifest":'.length;

const KINDS = ['keyed', 'list', 'union', 'broadcast'] as const;

export function encodeManifest(manifest: Manifest): Uint8Array {
  const body = JSON.stringify(manifest);
  const checksum = hexOf(crc32(new TextEncoder().encode(body)));
  const all = `{"version":${VERSION},"checksum":"${checksum}","manifest":${body}${TAIL}`;
  return new TextEncoder().encode(all);
}

/** What `encodeManifest` had; EngineError CHECKPOINT_DAMAGED names the file and what is wrong with it. */
export function decodeManifest(file: string, bytes: Uint8Array): Manifest {
  try {
    return manifestOf(bodyOf(bytes));
  } catch (error) {
    throw new EngineError('CHECKPOINT_DAMAGED', `${file}: ${messageOf(error)}`, { cause: error });
  }
}

function bodyOf(bytes: Uint8Array): Place {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, HEAD_BYTES));
  const version = VERSION_HEAD.exec(start)?.[1];
  if (version !== undefined && Number(version) > VERSION) {
    throw notUsable(`it has version ${version}, of a newer engine; use that engine to read it`);
  }
  const checksum = HEAD.exec(start)?.[1];
  if (checksum === undefined) throw notUsable('it does not begin as a manifest');
  const body = bytes.subarray(HEAD_BYTES, -TAIL.length);
  const tail = new TextDecoder('latin1').decode(bytes.subarray(HEAD_BYTES + body.length));
  if (tail !== TAIL) throw notUsable('it is cut off');
  if (hexOf(crc32(body)) !== checksum) throw notUsable('its checksum is wrong');
  return { value: JSON.parse(new TextDecoder().decode(body)), path: '' };
}

function notUsable(reason: string): EngineError {
  return new EngineError('CHECKPOINT_DAMAGED', reason);
}

function hexOf(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}

function manifestOf(place: Place): Manifest {
  const kind = choice(property(place, 'kind'), ['checkpoint', 'savepoint']);
  const maxParallelism = whole(property(place, 'maxParallelism'), 1);
  return Object.freeze({
    version: choice(property(place, 'version'), [VERSION]),
    kind,
    id: whole(property(place, 'id')),
    job: text(property(place, 'job')),
    jobId: text(property(place, 'jobId')),
    engine: text(property(place, 'engine')),
    createdAt: time(property(place, 'createdAt')),
    maxParallelism,
    isBatch: flag(property(place, 'isBatch')),
    isFinal: flag(property(place, 'isFinal')),
    operators: list(property(place, 'operators'), (one) => operatorOf(one, kind, maxParallelism)),
  });
}

/** `ofJob`: key groups of the job, which were those of all operators before each had its own. */
function operatorOf(place: Place, kind: Manifest['kind'], ofJob: number): OperatorManifest {
  const own = property(place, 'maxParallelism');
  // Left out by those that were written before they were told.
  const rows = property(place, 'rows');
  const keptBy = property(place, 'keptBy');
  return Object.freeze({
    uid: text(property(place, 'uid')),
    name: text(property(place, 'name')),
    parallelism: whole(property(place, 'parallelism'), 1),
    maxParallelism: own.value === undefined ? ofJob : whole(own, 1),
    windows: plain(property(place, 'windows')),
    rows: rows.value === undefined ? null : plain(rows),
    keptBy: keptBy.value === undefined ? null : nullOr(keptBy, text),
    states: list(property(place, 'states'), (one) => stateOf(one, kind)),
    committables: list(property(place, 'committables'), plain),
  });
}

function stateOf(place: Place, kind: Manifest['kind']): StateManifest {
  const fields = property(place, 'fields');
  const state = {
    name: text(property(place, 'name')),
    kind: choice(property(place, 'kind'), KINDS),
    fields: list(fields, (field) =>
      Object.freeze({
        name: text(property(field, 'name')),
        kind: choice(property(field, 'kind'), FIELD_KINDS),
        nullable: flag(property(field, 'nullable')),
      }),
    ),
    parts: list(property(place, 'parts'), (one) => partOf(one, kind)),
  };
  if (new Set(state.fields.map(({ name }) => name)).size !== state.fields.length) {
    throw wrong(fields, 'a list of fields with names of their own');
  }
  const deltas = state.parts.flatMap((part) => part.deltas);
  const keyFields = deltas[0]?.keyFields ?? 0;
  if (keyFields > state.fields.length || deltas.some((delta) => delta.keyFields !== keyFields)) {
    throw wrong(property(place, 'parts'), 'a list of parts that have one key');
  }
  return Object.freeze(state);
}

function partOf(place: Place, kind: Manifest['kind']): StatePart {
  return Object.freeze({
    subtask: whole(property(place, 'subtask')),
    blocks: list(property(place, 'blocks'), (one) => blockOf(one, kind)),
    deltas: list(property(place, 'deltas'), (one) => deltaOf(one, kind)),
  });
}

function deltaOf(place: Place, kind: Manifest['kind']): Delta<BlockRef> {
  return Object.freeze({
    keyFields: whole(property(place, 'keyFields')),
    before: nullOr(property(place, 'before'), finite),
    blocks: list(property(place, 'blocks'), (one) => blockOf(one, kind)),
    removed: list(property(place, 'removed'), (one) => blockOf(one, kind)),
  });
}

function blockOf(place: Place, kind: Manifest['kind']): BlockRef {
  const named = property(place, 'checkpoint');
  const checkpoint = text(named);
  if (checkpoint !== '' && (kind === 'savepoint' || idOf(checkpoint) === null)) {
    throw wrong(named, kind === 'savepoint' ? `''` : `'' or the name of a checkpoint`);
  }
  return Object.freeze({
    checkpoint,
    offset: aligned(property(place, 'offset'), FILE_HEAD_BYTES),
    bytes: aligned(property(place, 'bytes'), BLOCK_HEAD_BYTES),
    rows: whole(property(place, 'rows')),
  });
}

function aligned(place: Place, least: number): number {
  const value = whole(place, least);
  if (value % 8 !== 0) throw wrong(place, 'a multiple of 8');
  return value;
}

/** Every block that a manifest refers to. */
export function* blocksOf(manifest: Manifest): Generator<BlockRef> {
  for (const { states } of manifest.operators) {
    for (const { parts } of states) {
      for (const part of parts) yield* allBlocks(part);
    }
  }
}

/** The checkpoints in whose state files it has blocks, other than its own. */
export function referencesOf(manifest: Manifest): ReadonlySet<number> {
  const names = new Set([...blocksOf(manifest)].map(({ checkpoint }) => checkpoint));
  return new Set([...names].map(idOf).filter((id) => id !== null));
}
