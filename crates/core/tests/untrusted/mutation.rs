//! Changes to valid inputs, such as a failing disk, a stray hand or malice
//! would make.

use proptest::prelude::*;
use proptest::sample::Index;

/// Numbers that readers trip over.
const NUMBERS: [u64; 12] = [
    0,
    1,
    0x7f,
    0xff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    0x1_0000_0000,
    1 << 53,
    1 << 60,
    i64::MAX as u64,
    u64::MAX,
];

/// One change.
#[derive(Clone, Debug)]
pub enum Mutation {
    /// One bit is the other.
    Flip(Index, u8),
    /// The end is missing.
    Truncate(Index),
    /// A part is there twice.
    Duplicate(Index, Index),
    /// A part is missing.
    Remove(Index, Index),
    /// A part of another seed stands in the place of one's own.
    Splice(Index, Index, Index, Index),
    /// A number that readers trip over, in 1, 2, 4 or 8 bytes of either order.
    Number(Index, Index, u8, bool),
    /// The same as decimal digits, in the place of the digits there.
    Digits(Index, Index),
    /// A byte many times.
    Repeat(Index, u8, u8),
}

impl Arbitrary for Mutation {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        let at = any::<Index>;
        prop_oneof![
            (at(), 0u8..8).prop_map(|(at, bit)| Self::Flip(at, bit)),
            at().prop_map(Self::Truncate),
            (at(), at()).prop_map(|(from, to)| Self::Duplicate(from, to)),
            (at(), at()).prop_map(|(from, to)| Self::Remove(from, to)),
            (at(), at(), at(), at())
                .prop_map(|(seed, from, to, at)| Self::Splice(seed, from, to, at)),
            (at(), at(), 0u8..4, any::<bool>())
                .prop_map(|(at, number, width, big)| Self::Number(at, number, width, big)),
            (at(), at()).prop_map(|(at, number)| Self::Digits(at, number)),
            (at(), any::<u8>(), any::<u8>()).prop_map(|(at, byte, n)| Self::Repeat(at, byte, n)),
        ]
        .boxed()
    }
}

/// `seed` after `changes`; parts of other seeds are those of `seeds`.
pub fn mutated(seed: &[u8], changes: &[Mutation], seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for change in changes {
        apply(&mut bytes, change, seeds);
    }
    bytes
}

fn apply(bytes: &mut Vec<u8>, change: &Mutation, seeds: &[Vec<u8>]) {
    let place = |at: &Index| at.index(bytes.len() + 1);
    let span = |from: &Index, to: &Index| {
        let (from, to) = (place(from), place(to));
        from.min(to)..from.max(to)
    };
    match change {
        Mutation::Flip(at, bit) => {
            let at = place(at);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << bit;
            }
        }
        Mutation::Truncate(at) => bytes.truncate(place(at)),
        Mutation::Duplicate(from, to) => {
            let part = bytes[span(from, to)].to_vec();
            let at = place(to);
            bytes.splice(at..at, part);
        }
        Mutation::Remove(from, to) => drop(bytes.drain(span(from, to))),
        Mutation::Splice(seed, from, to, at) => {
            let other = seed.get(seeds);
            let (from, to) = (from.index(other.len() + 1), to.index(other.len() + 1));
            let part = other[from.min(to)..from.max(to)].to_vec();
            let start = place(at);
            let end = (start + part.len()).min(bytes.len());
            bytes.splice(start..end, part);
        }
        Mutation::Number(at, number, width, big) => {
            let (start, width) = (place(at), 1 << width);
            let number = NUMBERS[number.index(NUMBERS.len())];
            let part = if *big {
                number.to_be_bytes()[8 - width..].to_vec()
            } else {
                number.to_le_bytes()[..width].to_vec()
            };
            let end = (start + width).min(bytes.len());
            bytes.splice(start..end, part);
        }
        Mutation::Digits(at, number) => {
            let digits = NUMBERS[number.index(NUMBERS.len())].to_string().into_bytes();
            let after = place(at);
            let Some(start) = bytes[after..].iter().position(u8::is_ascii_digit) else { return };
            let start = after + start;
            let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            bytes.splice(start..start + length, digits);
        }
        Mutation::Repeat(at, byte, n) => {
            let at = place(at);
            bytes.splice(at..at, std::iter::repeat_n(*byte, usize::from(*n)));
        }
    }
}
