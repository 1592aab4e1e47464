//! The arguments of a run, as `--name value`: those of native-bench/versus/run-job.ts, as far as these jobs have them.

use std::collections::HashMap;

#[derive(Clone)]
pub struct Settings {
    pub keys: u32,
    pub records: u64,
    /// The clock starts behind so many of them.
    pub warmup: u64,
    pub per_ms: u64,
    pub size_ms: u64,
    /// As long as the size, where windows tumble.
    pub slide_ms: u64,
    pub parallelism: usize,
    /// Whether each worker adds its records up before they are exchanged.
    pub combine: bool,
    pub verify: bool,
}

impl Settings {
    pub fn parse(args: impl Iterator<Item = String>) -> Result<Settings, String> {
        let args: Vec<String> = args.collect();
        let mut given = HashMap::new();
        for pair in args.chunks(2) {
            match pair {
                [name, value] if name.starts_with("--") => given.insert(&name[2..], value.as_str()),
                _ => {
                    return Err(format!(
                        "arguments are pairs of --name and value, got {}",
                        pair[0]
                    ))
                }
            };
        }
        let job = given.remove("job").unwrap_or("").to_owned();
        let mut number = |name: &str, fallback: u64| match given.remove(name) {
            None => Ok(fallback),
            Some(text) => text
                .parse()
                .map_err(|_| format!("--{name} is no number: {text}")),
        };
        let records = number("records", 1_000_000)?;
        let size_ms = number("size-ms", 10_000)?;
        let slide_ms = number("slide-ms", 1_000)?;
        let settings = Settings {
            keys: number("keys", 10_000)? as u32,
            records,
            warmup: number("warmup", records * 3 / 10)?,
            per_ms: number("per-ms", 1000)?,
            size_ms,
            slide_ms: match job.as_str() {
                "tumbling" => size_ms,
                "sliding" => slide_ms,
                _ => return Err(format!("there is no job '{job}'")),
            },
            parallelism: number("parallelism", 2)? as usize,
            combine: number("combine", 1)? == 1,
            verify: number("verify", 0)? == 1,
        };
        match given.keys().next() {
            None => Ok(settings),
            Some(name) => Err(format!("there is no --{name}")),
        }
    }

    /// Windows end where panes do.
    pub fn panes_of_window(&self) -> u64 {
        self.size_ms / self.slide_ms
    }
}
