/** Jobs of process functions over many keys, and what plain loops make of the same records. */
import {
  type Flow,
  job,
  list,
  map,
  monotonous,
  record,
  type Stream,
  sideOutput,
  t,
  type,
  value,
} from 'millrace';
import { files, jsonLines } from 'millrace/connectors/files';
import { heldRows } from './held-rows.ts';

const COUNT = 60_000;
const USERS = 500;
const GAP_MS = 40;

const Click = record({ user: t.string, page: t.int32, time: t.timestamp });
type Click = { user: string; page: number; time: number };

/** Record i of all: times go up, users come in bursts. */
function click(i: number): Click {
  const user = (Math.imul(i, 2654435761) >>> 0) % USERS;
  const burst = Math.floor(i / 7000);
  return {
    user: `user ${(user * (burst + 1)) % USERS}`,
    page: (i * 7) % 13,
    time: Math.floor(i / 50),
  };
}

function clicks(flow: Flow, rate = 0): Stream<Click> {
  return flow
    .from(heldRows(flow, { schema: Click, count: COUNT, row: click }), { parallelism: 1, rate })
    .eventTime('time', monotonous());
}

const allClicks = (): Click[] => Array.from({ length: COUNT }, (_, i) => click(i));

const Visit = record({ user: t.string, begin: t.timestamp, clicks: t.int32, lastPage: t.int32 });
type Visit = { user: string; begin: number; clicks: number; lastPage: number };

/** Clicks of a user up to the first gap, by a timer that each click moves. */
function visitsOf(stream: Stream<Click>): Stream<Visit> {
  return stream.keyBy('user').process({
    emits: Visit,
    state: {
      visit: value(record({ begin: t.timestamp, clicks: t.int32, lastPage: t.int32 })),
      end: value(t.timestamp),
    },
    onRecord({ page, time }, { key, state, timers, emit }) {
      const end = state.end.get();
      if (end !== undefined) timers.deleteEventTime(end);
      if (end !== undefined && end <= time) {
        // The watermark, which comes now and then only, has not told so yet.
        emit({ user: key.user, ...state.visit.get()! });
        state.visit.clear();
      }
      state.end.set(time + GAP_MS);
      timers.eventTime(time + GAP_MS);
      const visit = state.visit.get() ?? { begin: time, clicks: 0, lastPage: -1 };
      state.visit.set({ begin: visit.begin, clicks: visit.clicks + 1, lastPage: page });
    },
    onTimer(_, { key, state, emit }) {
      emit({ user: key.user, ...state.visit.get()! });
      state.visit.clear();
      state.end.clear();
    },
  });
}

export const visits = job(import.meta, 'visits', (flow) => ({ visits: visitsOf(clicks(flow)) }));

/** The same, slow enough to be stopped on its way, into files. */
export const storedVisits = job(import.meta, 'stored visits', (flow) => {
  visitsOf(clicks(flow, flow.param('rate', 0)))
    .uid('visits')
    .to(files(flow.param('out', 'out'), jsonLines()));
});

export function expectedVisits(): Visit[] {
  const open = new Map<string, Visit & { end: number }>();
  const done: Visit[] = [];
  const close = ({ user, begin, clicks: count, lastPage }: Visit): void => {
    done.push({ user, begin, clicks: count, lastPage });
  };
  for (const { user, page, time } of allClicks()) {
    const visit = open.get(user);
    if (visit !== undefined && visit.end <= time) {
      close(visit);
      open.delete(user);
    }
    const { begin, clicks: count } = open.get(user) ?? { begin: time, clicks: 0 };
    open.set(user, { user, begin, clicks: count + 1, lastPage: page, end: time + GAP_MS });
  }
  for (const visit of open.values()) close(visit);
  return done;
}

const repeats = sideOutput<string>('repeats');

/** Pages that a user sees for the first time, in order; others go to a side output; all of both at the end. */
export const firstSights = job(import.meta, 'first sights', (flow) => {
  const sights = clicks(flow)
    .map((row) => ({ ...row }))
    // As its source, so that the records of a key keep their order.
    .parallelism(1)
    .keyBy(({ user }) => user.length)
    .process({
      emits: type<{ key: number; page: number; order: number[] }>(),
      state: { seen: map(t.int32, t.timestamp), order: list(t.int32) },
      onRecord({ page, time, user }, ctx) {
        if (ctx.state.seen.has(page)) {
          ctx.output(repeats, `${user} ${page}`);
          return;
        }
        ctx.state.seen.set(page, time);
        ctx.state.order.add(page);
        ctx.emit({ key: ctx.key.key, page, order: ctx.state.order.get() });
      },
    });
  return { sights, repeated: sights.sideOutput(repeats) };
});

export function expectedSights(): { sights: unknown[]; repeated: string[] } {
  const orders = new Map<number, number[]>();
  const sights: unknown[] = [];
  const repeated: string[] = [];
  for (const { user, page } of allClicks()) {
    const order = orders.get(user.length) ?? [];
    orders.set(user.length, order);
    if (order.includes(page)) repeated.push(`${user} ${page}`);
    else {
      order.push(page);
      sights.push({ key: user.length, page, order: [...order] });
    }
  }
  return { sights, repeated };
}
