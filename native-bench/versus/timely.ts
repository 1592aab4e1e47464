/** Timely dataflow, which Cargo builds in `native-bench/peers/timely`: records are added up before they are exchanged, or not. */
import { outputOf, type Peer, type PeerId } from './peer.ts';

const FOLDER = 'native-bench/peers/timely';

export function timely(): Peer {
  return timelyPeer('timely', 'timely dataflow', 1);
}

export function timelyPlain(): Peer {
  return timelyPeer('timely-plain', 'timely dataflow, plain', 0);
}

function timelyPeer(id: PeerId, name: string, combine: 0 | 1): Peer {
  return {
    id,
    name,
    isSql: false,
    async build() {
      await outputOf('cargo', ['--version'], 'timely dataflow needs Rust');
      await outputOf(
        'cargo',
        ['build', '--release', '--quiet', '--manifest-path', `${FOLDER}/Cargo.toml`],
        `Cargo could not build ${FOLDER}`,
      );
    },
    command: (args) => ({
      program: `${FOLDER}/target/release/timely-peer`,
      args: [...args, '--combine', `${combine}`],
    }),
  };
}
