/** Versions of a job that counts rows by key, as text: what one edits while it runs. Each row leaves its key, number and count. */

export type VersionParts = {
  readonly uid?: string;
  /** States beside `count`, and what is done with them. */
  readonly states?: string;
  readonly body?: string;
  readonly countType?: string;
  /** What each row is labelled with: a module of its own where it is a path. */
  readonly label?: string;
  readonly keys?: number;
  readonly rate?: number;
  /** Key groups of the counts. */
  readonly groups?: number;
};

export function versionText(parts: VersionParts = {}): string {
  const { uid = 'counts', states = '', body = '', countType = 't.float64' } = parts;
  const { label = 'one', keys = 97, rate = 5000, groups } = parts;
  const isPath = label.startsWith('.');
  return `
import { generate, job, record, t, value } from 'millrace';
import { files, jsonLines } from 'millrace/connectors/files';
${isPath ? `import { label } from '${label}';` : `const label: string = '${label}';`}

const Tick = record({ n: t.int32, key: t.int32 });

export const counts = job(import.meta, 'counts', (flow) => {
  flow
    .from(
      generate({ schema: Tick, count: 1_000_000_000, row: (n) => ({ n, key: n % ${keys} }) }),
      { name: 'ticks', rate: ${rate}, parallelism: 1 },
    )
    .keyBy('key')
    .process({
      emits: record({ n: t.int32, key: t.int32, count: t.float64, label: t.string }),
      state: { count: value(${countType})${states} },
      onRecord({ n, key }, { state, emit }) {
        const count = Number(state.count.get() ?? 0) + 1;
        state.count.set(count as never);
        ${body}
        emit({ n, key, count, label });
      },
    })
    .name('counts')
    .uid('${uid}')${groups === undefined ? '' : `.maxParallelism(${groups})`}
    .to(files(flow.param('out', 'out'), jsonLines(), { rolling: { onCheckpoint: true } }));
});
`;
}
