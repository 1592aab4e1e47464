//! Count and sum by key over panes, which are windows that tumble, and over windows of several panes. The time of the
//! dataflow is the number of the pane, so that progress is told once a pane.

use ahash::AHashMap;
use timely::communication::Data;
use timely::dataflow::channels::pact::{Exchange, ParallelizationContract, Pipeline};
use timely::dataflow::operators::{FrontierNotificator, Operator};
use timely::dataflow::{Scope, Stream};

/// Of one record, or of many of a key: (key, count, sum).
pub type Totals = (u32, u64, u64);
type Table = AHashMap<u32, (u64, u64)>;

fn add(table: &mut Table, (key, count, sum): Totals) {
    let totals = table.entry(key).or_insert((0, 0));
    totals.0 += count;
    totals.1 += sum;
}

/// To the worker that the key belongs to.
pub fn by_key() -> Exchange<Totals, impl FnMut(&Totals) -> u64> {
    Exchange::new(|&(key, _, _): &Totals| u64::from(key))
}

pub fn within_worker() -> Pipeline {
    Pipeline
}

/// The totals of each key and window, at the time of the last pane of the window.
pub fn window<G, P>(records: &Stream<G, Totals>, pact: P, panes: u64) -> Stream<G, Totals>
where
    G: Scope<Timestamp = u64>,
    P: ParallelizationContract<u64, Totals>,
    Totals: Data,
{
    records.unary_frontier(pact, "window", |_, _| {
        let mut open: AHashMap<u64, Table> = AHashMap::new();
        // Of the panes of the last window that has ended; empty where a window is one pane.
        let mut running = Table::new();
        let mut ends = FrontierNotificator::new();
        let mut batch = Vec::new();
        move |input, output| {
            while let Some((time, data)) = input.next() {
                data.swap(&mut batch);
                let pane = *time.time();
                let table = open.entry(pane).or_insert_with(|| {
                    for later in 0..panes {
                        ends.notify_at(time.delayed(&(pane + later)));
                    }
                    if panes > 1 {
                        ends.notify_at(time.delayed(&(pane + panes)));
                    }
                    Table::new()
                });
                for totals in batch.drain(..) {
                    add(table, totals);
                }
            }
            ends.for_each(&[input.frontier()], |time, _| {
                let last = *time.time();
                let mut session = output.session(&time);
                if panes == 1 {
                    let table = open.remove(&last).unwrap_or_default();
                    session.give_iterator(table.into_iter().map(|(key, (n, sum))| (key, n, sum)));
                    return;
                }
                if let Some(table) = open.get(&last) {
                    for (&key, &(count, sum)) in table {
                        add(&mut running, (key, count, sum));
                    }
                }
                if let Some(table) = last.checked_sub(panes).and_then(|gone| open.remove(&gone)) {
                    for (key, (count, sum)) in table {
                        let left = running.get_mut(&key).expect("it was added");
                        left.0 -= count;
                        left.1 -= sum;
                        if left.0 == 0 {
                            running.remove(&key);
                        }
                    }
                }
                session.give_iterator(running.iter().map(|(&key, &(n, sum))| (key, n, sum)));
            });
        }
    })
}
