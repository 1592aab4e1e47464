//! Runs one job on the workers of this process, and prints one line of JSON:
//!
//!   --job tumbling --keys 10000 --records 60000000     { timedRecords, seconds, cpuSeconds, peakMb, rows }
//!   ... --verify 1                                     { results, checksum }

mod settings;
mod shape;
mod stopwatch;
mod windows;

use settings::Settings;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use stopwatch::Stopwatch;
use timely::dataflow::operators::generic::operator::source;
use timely::dataflow::operators::{Inspect, Probe};
use timely::dataflow::{ProbeHandle, Scope, Stream};
use windows::{by_key, window, within_worker, Totals};

fn main() {
    let settings = Settings::parse(std::env::args().skip(1)).unwrap_or_else(|message| {
        eprintln!("{message}");
        std::process::exit(1);
    });
    let stopwatch = Arc::new(Stopwatch::default());
    let run = (settings.clone(), stopwatch.clone());
    let workers = timely::execute(
        timely::Config::process(settings.parallelism),
        move |worker| {
            let (settings, stopwatch) = run.clone();
            let ended = Rc::new(Cell::new((0u64, 0u32)));
            let counted = ended.clone();
            let mut probe = ProbeHandle::new();
            worker.dataflow::<u64, _, _>(|scope| {
                let records = events(scope, settings.clone(), stopwatch.clone());
                let panes = if settings.combine {
                    window(&records, within_worker(), 1)
                } else {
                    records
                };
                window(&panes, by_key(), settings.panes_of_window())
                    .inspect_batch(move |&pane, rows| {
                        counted.set(count(&settings, pane, rows, counted.get()))
                    })
                    .probe_with(&mut probe);
            });
            while !probe.done() {
                worker.step();
            }
            let (rows, checksum) = ended.get();
            stopwatch.end(rows, checksum);
        },
    );
    drop(workers.expect("the workers start"));
    let timed = settings.records - settings.warmup;
    println!(
        "{}",
        if settings.verify {
            stopwatch.verified()
        } else {
            stopwatch.timed(timed)
        }
    );
}

/// Takes everything and keeps nothing but the number of rows, and the sum of their hashes where they are verified.
fn count(
    settings: &Settings,
    pane: u64,
    rows: &[Totals],
    (all, checksum): (u64, u32),
) -> (u64, u32) {
    let end = (pane + 1) * settings.slide_ms;
    let hash = |&(key, count, sum): &Totals| {
        // The first windows begin before the time of the first record: as a 64-bit number with a sign.
        shape::hash_of(&[
            u64::from(key),
            end.wrapping_sub(settings.size_ms),
            end,
            count,
            sum,
        ])
    };
    let added = if settings.verify {
        rows.iter()
            .fold(0u32, |sum, row| sum.wrapping_add(hash(row)))
    } else {
        0
    };
    (all + rows.len() as u64, checksum.wrapping_add(added))
}

/// Made-up events, dealt to the workers by blocks in turn, so that all of them advance through event time together.
fn events<G: Scope<Timestamp = u64>>(
    scope: &G,
    settings: Settings,
    stopwatch: Arc<Stopwatch>,
) -> Stream<G, Totals> {
    const BLOCK: u64 = 4096;
    let (index, peers) = (scope.index() as u64, scope.peers() as u64);
    source(scope, "events", |capability, info| {
        let activator = scope.activator_for(&info.address[..]);
        let mut capability = Some(capability);
        let mut block = index * BLOCK;
        let mut is_timed = false;
        move |output| {
            let Some(held) = capability.as_mut() else {
                return;
            };
            if !is_timed && block >= settings.warmup {
                is_timed = true;
                stopwatch.start();
            }
            let end = settings.records.min(block + BLOCK);
            let mut next = block;
            while next < end {
                let pane = shape::time_of(next, settings.per_ms) / settings.slide_ms;
                held.downgrade(&pane);
                // Records of a pane follow each other.
                let limit =
                    end.min(((pane + 1) * settings.slide_ms).div_ceil(2) * 2 * settings.per_ms);
                output.session(held).give_iterator(
                    (next..limit)
                        .map(|i| (shape::key_of(i, settings.keys), 1, shape::amount_of(i))),
                );
                next = limit;
            }
            block += BLOCK * peers;
            if block >= settings.records {
                capability = None;
            } else {
                activator.activate();
            }
        }
    })
}
