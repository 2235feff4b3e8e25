//! What an attacker learns of a defence by one look: the averaged logits, and
//! the gradient of its loss with respect to the input.

use tch::Tensor;

use super::defence::{Defence, Inputs, averaged, repeated};
use super::descent::unrolled;
use crate::eval::attack::{log_odds, margin};
use crate::eval::host;
use crate::jem::Noise;

/// Inputs × chains that a gradient is computed of at once.
const AT_ONCE: usize = 1024;

/// How the gradient passes through the purifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// As if the purifier were the identity (BPDA; Athalye, Carlini and Wagner
    /// 2018): the gradients at the chains' ends are added up.
    Straight,
    /// Through every step of every chain. So many inputs × steps keep a graph
    /// at once; a single input's chains must fit.
    Whole(u64),
}

/// One look at a defence.
#[derive(Debug)]
pub struct Look {
    /// Mean logits over the chains, `[n, k]`, in double precision.
    pub logits: Tensor,
    /// The gradient of each input's own log-odds against its label by these
    /// logits, in the direction of the cross-entropy's; `[n, c, h, w]`.
    pub gradient: Tensor,
}

/// Looks at `defence` by `chains` chains with the noise of `purpose` (EOT: the
/// loss is that of the averaged logits, as in Hill et al. 2021, equation 9).
pub fn look(
    defence: &Defence<'_>,
    inputs: &Inputs,
    chains: u64,
    pass: Pass,
    purpose: &str,
) -> Look {
    let chains = defence.chains(chains);
    let steps = defence.purifier.map_or(1, |purifier| purifier.steps.max(1));
    let size = match pass {
        Pass::Straight => AT_ONCE / chains as usize,
        Pass::Whole(most) => (most / (steps * chains)) as usize,
    };
    let (mut logits, mut gradients) = (Vec::new(), Vec::new());
    for piece in inputs.pieces(size) {
        let mut noise = defence.noise(&piece.rows, chains, purpose);
        let found = look_with(defence, &piece, chains, pass, &mut noise);
        logits.push(found.logits);
        gradients.push(found.gradient);
    }
    Look { logits: Tensor::cat(&logits, 0), gradient: Tensor::cat(&gradients, 0) }
}

/// The same at once, with this noise for every input's `chains` chains, one
/// input after another.
pub fn look_with(
    defence: &Defence<'_>,
    inputs: &Inputs,
    chains: u64,
    pass: Pass,
    noise: &mut dyn Noise,
) -> Look {
    match pass {
        Pass::Straight => straight(defence, inputs, chains, noise),
        Pass::Whole(_) => whole(defence, inputs, chains, noise),
    }
}

/// Sum over the inputs of what is climbed, of logits `[n, k]`.
fn loss(logits: &Tensor, y: &Tensor) -> Tensor {
    log_odds(logits, y).sum(logits.kind())
}

fn straight(defence: &Defence<'_>, inputs: &Inputs, chains: u64, noise: &mut dyn Noise) -> Look {
    let end = defence.purified(inputs, chains, noise).set_requires_grad(true);
    let logits = averaged(&(defence.logits)(&end), chains);
    let of_ends =
        Tensor::run_backward(&[loss(&logits, &inputs.y)], &[&end], false, false).remove(0);
    let [c, h, w] = [1, 2, 3].map(|dim| of_ends.size()[dim]);
    let by_input = of_ends.view([-1, chains as i64, c, h, w]);
    let gradient = by_input.sum_dim_intlist([1i64].as_slice(), false, of_ends.kind());
    Look { logits: logits.detach(), gradient }
}

fn whole(defence: &Defence<'_>, inputs: &Inputs, chains: u64, noise: &mut dyn Noise) -> Look {
    let x = inputs.x.detach().copy().set_requires_grad(true);
    let start = repeated(&x, chains);
    let end = match &defence.purifier {
        None => start,
        Some(purifier) => unrolled(&|x| defence.energy(x), &start, purifier, defence.bounds, noise),
    };
    let logits = averaged(&(defence.logits)(&end), chains);
    let gradient = Tensor::run_backward(&[loss(&logits, &inputs.y)], &[&x], false, false).remove(0);
    Look { logits: logits.detach(), gradient }
}

/// f_y − max over the others of logits `[n, k]`: below 0 where another class
/// wins.
pub fn margins(logits: &Tensor, y: &Tensor) -> Vec<f64> {
    let _guard = tch::no_grad_guard();
    host(&-margin(logits, y))
}

/// E(x) `[n]` of the classifier of `defence`, on the host.
pub fn energies(defence: &Defence<'_>, x: &Tensor) -> Vec<f64> {
    let _guard = tch::no_grad_guard();
    host(&defence.energy(x))
}
