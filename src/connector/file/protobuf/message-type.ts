/** The message type of a file, by protobufjs: from the text of a .proto file, or from a root that is there already. */
import type { Root, Type } from 'protobufjs';
import { EngineError, messageOf } from '../../../base/errors.ts';
import { optionalLibrary } from '../../../base/optional-library.ts';
import { wrong } from '../../../base/options.ts';
import type { ProtobufRoot } from './protobuf-root.ts';

export type Protobufjs = typeof import('protobufjs');

export const TIMESTAMP = '.google.protobuf.Timestamp';
const TIMESTAMP_FILE = 'google/protobuf/timestamp.proto';

/** EngineErrors LIBRARY_MISSING and JOB_DEFINITION. */
export function messageType(
  proto: string | undefined,
  root: ProtobufRoot | undefined,
  name: string,
): { type: Type; library: Protobufjs } {
  const library = optionalLibrary<Protobufjs>('protobuf', 'protobufjs');
  if ((proto === undefined) === (root === undefined)) {
    throw new EngineError('JOB_DEFINITION', 'protobuf: give one of the options proto and root');
  }
  if (root !== undefined && typeof root?.lookupType !== 'function') {
    throw wrong('protobuf: root', 'is a Root of protobufjs', root);
  }
  try {
    const all = root ?? parsed(library, proto!);
    const type = all.lookupType(name) as Type;
    type.root.resolveAll();
    return { type, library };
  } catch (cause) {
    throw new EngineError('JOB_DEFINITION', `protobuf: message '${name}': ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** Fields keep the names that they have in the file. */
function parsed(library: Protobufjs, proto: string): Root {
  const { root, imports = [] } = library.parse(proto, { keepCase: true });
  for (const file of imports) {
    if (file !== TIMESTAMP_FILE) throw new Error(`'${file}' is not imported here: give a root`);
    root.addJSON(library.common.get(TIMESTAMP_FILE)!.nested!);
  }
  return root;
}
