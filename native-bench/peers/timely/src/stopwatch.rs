//! What a run measures, of all workers of this process: from the mean of the moments at which they pass the end of the
//! warm-up, to the end of the last.

use std::sync::Mutex;
use std::time::Instant;

#[derive(Clone, Copy)]
struct Mark {
    at: Instant,
    cpu_seconds: f64,
}

#[derive(Default)]
struct Marks {
    starts: Vec<Mark>,
    end: Option<Mark>,
    rows: u64,
    checksum: u32,
}

#[derive(Default)]
pub struct Stopwatch(Mutex<Marks>);

impl Stopwatch {
    pub fn start(&self) {
        self.0.lock().unwrap().starts.push(mark());
    }

    /// A worker has come to its end; the last one counts.
    pub fn end(&self, rows: u64, checksum: u32) {
        let mut marks = self.0.lock().unwrap();
        marks.end = Some(mark());
        marks.rows += rows;
        marks.checksum = marks.checksum.wrapping_add(checksum);
    }

    pub fn verified(&self) -> String {
        let Marks { rows, checksum, .. } = *self.0.lock().unwrap();
        format!("{{\"results\":{rows},\"checksum\":{checksum}}}")
    }

    pub fn timed(&self, records: u64) -> String {
        let marks = self.0.lock().unwrap();
        let end = marks.end.expect("each worker ends");
        let mean = |of: &dyn Fn(&Mark) -> f64| {
            marks.starts.iter().map(of).sum::<f64>() / marks.starts.len() as f64
        };
        let seconds = mean(&|start| (end.at - start.at).as_secs_f64());
        let cpu_seconds = mean(&|start| end.cpu_seconds - start.cpu_seconds);
        let (peak_mb, rows) = (peak_mb(), marks.rows);
        format!(
            "{{\"timedRecords\":{records},\"seconds\":{seconds},\"cpuSeconds\":{cpu_seconds},\
             \"peakMb\":{peak_mb},\"rows\":{rows}}}"
        )
    }
}

fn mark() -> Mark {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // Of all threads of the process.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    assert_eq!(result, 0, "the clock of the process can be read");
    Mark {
        at: Instant::now(),
        cpu_seconds: time.tv_sec as f64 + time.tv_nsec as f64 / 1e9,
    }
}

fn peak_mb() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    let result = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    assert_eq!(result, 0, "the usage of the process can be read");
    unsafe { usage.assume_init() }.ru_maxrss as f64 / 1024.0
}
