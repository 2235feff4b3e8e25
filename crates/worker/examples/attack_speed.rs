//! What attacks cost: seconds for 1,000 images of 28×28 and one size on one
//! thread, by how many images an attack cannot fool. An image that is fooled
//! leaves Auto-PGD and Square; one that is never fooled is the dearest.
//!
//! The network is the MLP 784-256-256-10 with random weights, and the logit of
//! the label is raised out of reach for a share of the images.

use std::time::Instant;

use jem_core::random::{At, Stream};
use jem_core::spec::{AttackLoss, AttackNorm};
use jem_worker::eval::attack::{Apgd, Ball, Pgd, Query, Square, Victim, loss_of, margin};
use tch::{Device, Kind, Tensor};

const WIDTHS: [i64; 4] = [784, 256, 256, 10];
const N: i64 = 1000;
const BATCH: i64 = 100;

fn normal(name: &str, size: &[i64], scale: f64) -> Tensor {
    let mut values = vec![0f32; size.iter().product::<i64>() as usize];
    Stream::new(0, name).fill_normal(At { step: 0, part: 0 }, &mut values);
    Tensor::from_slice(&values).reshape(size) * scale
}

fn main() {
    tch::set_num_threads(1);
    let weights: Vec<Tensor> = WIDTHS
        .windows(2)
        .map(|w| normal(&format!("weights {}", w[0]), &[w[1], w[0]], (2.0 / w[0] as f64).sqrt()))
        .collect();
    let x = normal("images", &[N, 1, 28, 28], 0.5).clamp(0.0, 1.0);
    let network = |x: &Tensor| {
        let hidden = x.flatten(1, -1).linear::<&Tensor>(&weights[0], None).silu();
        hidden.linear::<&Tensor>(&weights[1], None).silu().linear::<&Tensor>(&weights[2], None)
    };
    let labels = network(&x).argmax(1, false);
    let ball = Ball { norm: AttackNorm::Linf, eps: 0.1, bounds: (0.0, 1.0) };
    for firm in [1.0, 0.5, 0.1] {
        // Images below this row have a label out of reach.
        let firm_rows = (firm * N as f64) as i64;
        let bonus = Tensor::zeros([N, 10], (Kind::Float, Device::Cpu));
        let _ = bonus.narrow(0, 0, firm_rows).scatter_value_(
            1,
            &labels.narrow(0, 0, firm_rows).unsqueeze(1),
            100.0,
        );
        let logits = |x: &Tensor, query: &Query<'_>| {
            let rows: Vec<i64> = query.rows.iter().map(|&row| row as i64).collect();
            network(x) + bonus.index_select(0, &Tensor::from_slice(&rows))
        };
        let time = |name: &str, attack: &dyn Fn(&Victim<'_>) -> f64| {
            let begun = Instant::now();
            let mut left = 0.0;
            for from in (0..N).step_by(BATCH as usize) {
                let rows: Vec<u64> = (from..from + BATCH).map(|row| row as u64).collect();
                left += attack(&Victim {
                    logits: &logits,
                    x: &x.narrow(0, from, BATCH),
                    labels: &labels.narrow(0, from, BATCH),
                    rows: &rows,
                    seed: 0,
                }) * BATCH as f64;
            }
            let seconds = begun.elapsed().as_secs_f64();
            println!("{name}: {seconds:.1} s, {left:.0} of {N} left");
        };
        println!("{firm_rows} of {N} images out of reach");
        let pgd = |restarts, beyond| Pgd {
            ball,
            steps: 40,
            step: 2.5 / 40.0,
            restarts,
            loss: loss_of(AttackLoss::CrossEntropy),
            score: &margin,
            beyond,
        };
        time("PGD, 40 steps and 40 beyond, 2 starts", &|v| pgd(2, 40).attack(v).0.accuracy());
        for (name, loss) in [("apgd_ce", AttackLoss::CrossEntropy), ("apgd_dlr", AttackLoss::Dlr)] {
            let (steps, restarts, loss) = (100, 1, loss_of(loss));
            let attack = Apgd { ball, steps, restarts, loss, score: &margin, name };
            time(&format!("{name}, 100 steps"), &|v| attack.attack(v).accuracy());
        }
        let square = Square { ball, queries: 1000, score: &margin };
        time("Square, 1,000 queries", &|v| square.attack(v).accuracy());
    }
}
