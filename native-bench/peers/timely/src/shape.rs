//! The shape of the stream and the checksum of results: the arithmetic of native-bench/versus/shape.ts, which must give the
//! same numbers.

/// A bijection of 32-bit numbers in which every bit of the input reaches every bit of the output.
pub fn mix32(x: u32) -> u32 {
    let h = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
    let h = (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}

pub fn key_of(i: u64, keys: u32) -> u32 {
    (mix32(i as u32) >> 1) % keys
}

pub fn amount_of(i: u64) -> u64 {
    i & 1023
}

pub fn time_of(i: u64, per_ms: u64) -> u64 {
    2 * (i / (2 * per_ms))
}

/// The hash of a row of whole numbers: its fields in order.
pub fn hash_of(fields: &[u64]) -> u32 {
    fields.iter().fold(0, |hash, &number| {
        mix32(mix32(hash ^ number as u32).wrapping_add((number >> 32) as u32))
    })
}
