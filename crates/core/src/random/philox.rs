//! Philox4x32-10, the counter-based generator of Salmon et al. 2011,
//! "Parallel Random Numbers: As Easy as 1, 2, 3".

/// Multipliers and key increments from the paper's table 2.
const M0: u32 = 0xD251_1F53;
const M1: u32 = 0xCD9E_8D57;
const W0: u32 = 0x9E37_79B9;
const W1: u32 = 0xBB67_AE85;
const ROUNDS: u32 = 10;

/// How many counters are worked on side by side, so that the compiler can
/// keep them in vector registers.
pub(super) const LANES: usize = 16;

/// The four words for one counter.
pub fn philox4x32(key: [u32; 2], counter: [u32; 4]) -> [u32; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = counter;
    let [mut k0, mut k1] = key;
    for _ in 0..ROUNDS {
        let p0 = u64::from(M0) * u64::from(c0);
        let p1 = u64::from(M1) * u64::from(c2);
        (c0, c1, c2, c3) =
            ((p1 >> 32) as u32 ^ c1 ^ k0, p1 as u32, (p0 >> 32) as u32 ^ c3 ^ k1, p0 as u32);
        k0 = k0.wrapping_add(W0);
        k1 = k1.wrapping_add(W1);
    }
    [c0, c1, c2, c3]
}

/// The words of `LANES` consecutive blocks: counters `[block + lane, rest…]`,
/// as four arrays of one word per lane.
#[inline(always)]
pub(super) fn philox_lanes(key: [u32; 2], block: u32, rest: [u32; 3]) -> [[u32; LANES]; 4] {
    let mut c0: [u32; LANES] = std::array::from_fn(|lane| block.wrapping_add(lane as u32));
    let mut c1 = [rest[0]; LANES];
    let mut c2 = [rest[1]; LANES];
    let mut c3 = [rest[2]; LANES];
    let [mut k0, mut k1] = key;
    for _ in 0..ROUNDS {
        for lane in 0..LANES {
            let p0 = u64::from(M0) * u64::from(c0[lane]);
            let p1 = u64::from(M1) * u64::from(c2[lane]);
            c0[lane] = (p1 >> 32) as u32 ^ c1[lane] ^ k0;
            c1[lane] = p1 as u32;
            c2[lane] = (p0 >> 32) as u32 ^ c3[lane] ^ k1;
            c3[lane] = p0 as u32;
        }
        k0 = k0.wrapping_add(W0);
        k1 = k1.wrapping_add(W1);
    }
    [c0, c1, c2, c3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_known_answers_hold() {
        // kat_vectors of the authors' Random123 1.14, "philox4x32 10".
        let cases = [
            ([0; 4], [0; 2], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]),
            (
                [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
                [0xa4093822, 0x299f31d0],
                [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
            ),
        ];
        for (counter, key, words) in cases {
            assert_eq!(philox4x32(key, counter), words);
        }
    }

    #[test]
    fn lanes_hold_what_single_counters_give() {
        let words = philox_lanes([7, 9], u32::MAX - 3, [1, 2, 3]);
        for lane in 0..LANES {
            let counter = [(u32::MAX - 3).wrapping_add(lane as u32), 1, 2, 3];
            let single = philox4x32([7, 9], counter);
            assert_eq!(words.map(|word| word[lane]), single);
        }
    }
}
