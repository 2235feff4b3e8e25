//! Named, counter-based random streams.
//!
//! A trial has one seed. Each purpose (data order, init, chain noise, …) has a
//! stream named for it, whose key is derived from seed and name; a number in a
//! stream is named by its counter. No number depends on how many were drawn
//! before it, on other streams, on threads or on workers, and there is no
//! state to save: (seed, stream, step) names the numbers.

mod normal;
mod philox;
mod stream;

pub use philox::philox4x32;
pub use stream::{At, Stream};
