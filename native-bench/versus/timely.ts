/** Timely dataflow, which Cargo builds in `native-bench/peers/timely`. */
import { outputOf, type Peer } from './peer.ts';

const FOLDER = 'native-bench/peers/timely';

export function timely(): Peer {
  return {
    id: 'timely',
    name: 'timely dataflow',
    isSql: false,
    async build() {
      await outputOf('cargo', ['--version'], 'timely dataflow needs Rust');
      await outputOf(
        'cargo',
        ['build', '--release', '--quiet', '--manifest-path', `${FOLDER}/Cargo.toml`],
        `Cargo could not build ${FOLDER}`,
      );
    },
    command: (args) => ({ program: `${FOLDER}/target/release/timely-peer`, args }),
  };
}
