//! Chains that go on for long, from the buffer's samples and from noise.

use std::error::Error;

use jem_core::arrays::Arrays;
use jem_core::random::{At, Stream};
use jem_core::results::{self, LongRun};
use jem_core::spec::{ChainStart, LongChains as Asked};
use tch::Tensor;

use super::part::{Found, Look, NO_BUFFER, Subject};
use crate::eval::{Length, LongChains, long_chains};
use crate::jem::{Mode, energy, to_host};

/// Runs the chains that `asked` for on E(x), by the sampler of the training at
/// its first step size.
///
/// # Errors
/// When a file cannot be written, or `look` fails.
pub fn measure(
    asked: &Asked,
    subject: &Subject<'_>,
    look: Look<'_>,
) -> Result<Found, Box<dyn Error>> {
    let mut found = Found::default();
    let (mut runs, mut arrays) = (Vec::new(), Arrays::default());
    let training = &subject.spec.training;
    let bounds = training.data.range.bounds();
    let of_x = |x: &Tensor| energy(&subject.network.logits(&subject.parameters, x, Mode::Eval));
    for &from in &asked.from {
        let name = from.name();
        look(&format!("chains from {name}"))?;
        let Some(start) = start(from, asked.n, subject) else {
            found.values.put_or_why(format!("chains/energy/{name}"), Err(NO_BUFFER));
            continue;
        };
        let (looks, every, states) = (asked.steps / asked.every, asked.every, asked.states);
        let length = Length { looks, every, states };
        let place = (subject.seed, name);
        let ran = long_chains(&of_x, &start, &training.sampler, bounds, length, place);
        put(&mut found, name, &ran, bounds);
        let n = ran.energies.len();
        let shape = [n, looks as usize + 1];
        let energies = ran.energies.concat().iter().map(|&e| e as f32).collect();
        arrays.insert_f32(format!("{name}/energies"), &shape, energies);
        let (shape, kept) = to_host(&ran.states);
        arrays.insert_f32(format!("{name}/states"), &shape, kept);
        runs.push(LongRun {
            from,
            n: n as u64,
            steps: (0..=looks).map(|look| look * every).collect(),
            energy: ran.mean_energy(),
            displacement: ran.displacement,
            acceptance: ran.acceptance,
        });
    }
    // JSON has no infinity: chains that ran away are told by the metrics.
    if runs.iter().all(|run| run.energy.iter().chain(&run.displacement).all(|v| v.is_finite())) {
        found.files.push((results::CHAINS, serde_json::to_vec_pretty(&runs)?));
    }
    found.files.push((results::CHAIN_STATES, arrays.to_bytes()?));
    Ok(found)
}

fn put(found: &mut Found, name: &str, ran: &LongChains, bounds: (f64, f64)) {
    let path = |metric: &str| format!("chains/{metric}/{name}");
    let energy = ran.mean_energy();
    let ends = (energy.first().copied(), energy.last().copied());
    if let (Some(first), Some(last)) = ends {
        found.values.put(path("energy"), last);
        found.values.put(path("energy_change"), last - first);
    }
    let away = ran.displacement.last().copied().unwrap_or_default();
    found.values.put(path("displacement"), away);
    found.values.put(path("saturation"), ran.saturation(bounds));
    found.values.put_or_why(path("rhat"), ran.rhat());
    found.values.put_or_why(path("ess"), ran.ess());
    if let Some(share) = ran.acceptance {
        found.values.put(path("acceptance"), share);
    }
}

/// Starts `[n, c, h, w]`; none where there is nothing to start from.
fn start(from: ChainStart, n: u64, subject: &Subject<'_>) -> Option<Tensor> {
    let size = |n: usize, shape: &[usize]| -> Vec<i64> {
        std::iter::once(n).chain(shape.iter().copied()).map(|n| n as i64).collect()
    };
    let tensor = match from {
        ChainStart::Buffer => {
            let (shape, values) = subject.buffer?.f32("samples")?;
            let n = shape[0].min(n as usize);
            let each: usize = shape[1..].iter().product();
            Tensor::from_slice(&values[..n * each]).reshape(size(n, &shape[1..]))
        }
        ChainStart::Uniform => {
            let shape = subject.test.shape;
            let (low, high) = subject.spec.training.data.range.bounds();
            let mut values = vec![0f32; n as usize * shape.iter().product::<usize>()];
            let stream = Stream::new(subject.seed, "long chains start");
            stream.fill_uniform(At::step(0), &mut values);
            let scaled: Vec<f32> =
                values.iter().map(|u| low as f32 + (high - low) as f32 * u).collect();
            Tensor::from_slice(&scaled).reshape(size(n as usize, &shape))
        }
    };
    Some(tensor.to_device(subject.device))
}
