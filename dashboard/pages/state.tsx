/** What operators keep by key: how much of it, and what one key has. */
import { useState } from 'preact/hooks';
import { formatBytes, formatWhole } from '../base/format.ts';
import type { Lookup, States } from '../data/shapes.ts';
import { useAsked } from '../data/use-asked.ts';
import { usePolled } from '../data/use-polled.ts';
import { Answer } from '../parts/answer.tsx';
import { Choice } from '../parts/choice.tsx';
import { textOf } from '../parts/records.tsx';
import { areWindows, Windows } from '../parts/windows.tsx';
import type { PageProps } from './page.ts';

const POLL_MS = 2000;

export function StatePage({ job }: PageProps) {
  const path = `jobs/${job.jid}/states`;
  const states = usePolled<States>(path, POLL_MS);
  return (
    <Answer of={states} what="a look at its state">
      {({ operators }) =>
        operators.length === 0 ? (
          <p class="empty">No operator keeps state by key that can be looked at.</p>
        ) : (
          <>
            <Tables operators={operators} />
            <LookUp path={path} operators={operators} />
          </>
        )
      }
    </Answer>
  );
}

function Tables({ operators }: States) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Operator</th>
            <th>State</th>
            <th>Kind</th>
            <th class="num">Keys</th>
            <th class="num" title="Open windows, or panes of them, of all keys">
              Windows
            </th>
            <th class="num" title="Of all states of the operator">
              Last checkpoint
            </th>
          </tr>
        </thead>
        <tbody>
          {operators.flatMap(({ id, name, bytes, states }) =>
            states.map((state, n) => (
              <tr key={`${id} ${state.name}`}>
                <th scope="row">{n === 0 ? name : ''}</th>
                <td>{state.name}</td>
                <td>{state.kind}</td>
                <td class="num">{state.keys === null ? 'too many' : formatWhole(state.keys)}</td>
                <td class="num">{state.windows === null ? '' : formatWhole(state.windows)}</td>
                <td class="num">{n === 0 ? formatBytes(bytes) : ''}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </div>
  );
}

type LookUpProps = States & { readonly path: string };

function LookUp({ path, operators }: LookUpProps) {
  const tables = operators.flatMap(({ id, name, states }) =>
    states.map((state) => ({
      title: `${name} · ${state.name}`,
      path: `${path}/${encodeURIComponent(id)}/${encodeURIComponent(state.name)}/lookup`,
    })),
  );
  const [chosen, setChosen] = useState(0);
  const { asked, isAsking, ask } = useAsked<Lookup>();
  const table = tables[chosen] ?? tables[0];
  if (table === undefined) return null;
  return (
    <section class="card">
      <h2 class="head">One key</h2>
      <form
        class="controls"
        onSubmit={(event) => {
          event.preventDefault();
          const key = String(new FormData(event.currentTarget).get('key'));
          ask(`${table.path}?key=${encodeURIComponent(asJson(key))}`);
        }}
      >
        <Choice
          label="State"
          value={chosen}
          options={tables.map(({ title }, n) => ({ value: n, text: title }))}
          onChoose={setChosen}
        />
        <label>
          Key
          <input name="key" required autocomplete="off" placeholder='42, "a" or ["a", 42]' />
        </label>
        <button type="submit" class="primary" disabled={isAsking}>
          Look up
        </button>
      </form>
      {asked !== null && (
        <Answer of={asked} what="this look">
          {(found) => <Found {...found} />}
        </Answer>
      )}
    </section>
  );
}

function Found({ found, value, namespace, subtask }: Lookup) {
  if (!found) return <p class="empty">The key has nothing here.</p>;
  return (
    <>
      {(namespace !== undefined || typeof subtask === 'number') && (
        <p class="quiet">
          {namespace !== undefined && `${textOf(namespace)} `}
          {typeof subtask === 'number' && `in subtask ${subtask}`}
        </p>
      )}
      {areWindows(value) ? (
        <Windows windows={value} />
      ) : (
        <pre class="value">{JSON.stringify(value, null, 2)}</pre>
      )}
    </>
  );
}

/** What is no JSON is meant as a text. */
function asJson(key: string): string {
  try {
    JSON.parse(key);
    return key;
  } catch {
    return JSON.stringify(key);
  }
}
