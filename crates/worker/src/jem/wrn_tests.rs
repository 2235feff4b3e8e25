use super::*;
use crate::jem::{Masks, Parameters, build};
use jem_core::spec::{Activation, Model, SamplerMode};
use tch::Device;

fn wrn(norm: Norm, dropout: f64) -> Wrn {
    let activation = Activation::LeakyRelu;
    let sampler_mode = SamplerMode::Eval;
    Wrn { depth: 10, width: 1, norm, dropout, activation, sampler_mode, spectral_norm: None }
}

fn made(spec: &Wrn, shape: [usize; 3]) -> (Box<dyn Network>, Parameters, Tensor) {
    let network = build(&Model::Wrn(spec.clone()), shape, 10);
    let parameters = Parameters::init(&network.parameters(), 1, Device::Cpu);
    let [c, h, w] = shape.map(|n| n as i64);
    let x = Tensor::arange(4 * c * h * w, (Kind::Float, Device::Cpu)).sin().view([4, c, h, w]);
    (network, parameters, x)
}

#[test]
fn it_has_the_parameters_that_the_spec_counts() {
    for (norm, width, classes) in
        [(Norm::None, 1, 10), (Norm::Batch, 2, 7), (Norm::Group, 3, 100), (Norm::None, 10, 10)]
    {
        let depth = if width == 10 { 28 } else { 16 };
        let spec = Wrn { depth, width, ..wrn(norm, 0.0) };
        let shapes = WrnNetwork::new(&spec, [3, 32, 32], classes).parameters();
        let size = |p: &ParameterShape| p.shape.iter().product::<i64>() as u64;
        let trained: u64 = shapes.iter().filter(|p| p.trained).map(size).sum();
        assert_eq!(trained, spec.parameters(3, classes as u64), "{spec:?}");
        let states: u64 = shapes.iter().filter(|p| !p.trained).map(size).sum();
        let scales = trained - Wrn { norm: Norm::None, ..spec }.parameters(3, classes as u64);
        // A running mean and variance for each scale and shift.
        assert_eq!(states, if norm == Norm::Batch { scales } else { 0 });
        let first = shapes.iter().position(|p| !p.trained).unwrap_or(shapes.len());
        assert!(shapes[first..].iter().all(|p| !p.trained), "states stand last");
    }
}

#[test]
fn any_image_size_will_do_and_logits_are_the_head_applied_to_the_features() {
    for shape in [[3, 32, 32], [1, 28, 28], [2, 7, 5]] {
        let (network, parameters, x) = made(&wrn(Norm::Batch, 0.0), shape);
        let features = network.features(parameters.tensors(), &x, Mode::Eval);
        let (weight, bias) = network.head(parameters.tensors());
        assert_eq!((features.size(), weight.size()), (vec![4, 64], vec![10, 64]));
        let logits = network.logits(parameters.tensors(), &x, Mode::Eval);
        assert!(logits.allclose(&(features.matmul(&weight.tr()) + bias), 1e-5, 1e-6, false));
    }
}

#[test]
fn running_statistics_move_on_a_training_batch_alone() {
    let (network, parameters, x) = made(&wrn(Norm::Batch, 0.0), [1, 8, 8]);
    let values = |name: &str| {
        let place = parameters.names().iter().position(|other| other == name);
        parameters.tensors()[place.unwrap_or(usize::MAX)].copy()
    };
    let masks = Masks::new(0, 0, 0);
    assert!(values("layer1.0.bn1.running_mean").abs().max().double_value(&[]) == 0.0);
    let _ = network.logits(&parameters.frozen(), &x, Mode::Eval);
    let batch = network.logits(&parameters.frozen(), &x, Mode::Batch);
    assert!(values("layer1.0.bn1.running_mean").abs().max().double_value(&[]) == 0.0);
    let train = network.logits(parameters.tensors(), &x, Mode::Train(masks));
    assert!(train.allclose(&batch, 1e-6, 1e-6, false), "both go by the batch");
    // 0.9 of the batch's mean, which is the stem's output: here of channel 0.
    let stem = x.conv2d(&values("conv1.weight"), Some(values("conv1.bias")), 1, 1, 1, 1);
    let expected = stem.mean_dim([0i64, 2, 3].as_slice(), false, None::<Kind>) * 0.9;
    assert!(values("layer1.0.bn1.running_mean").allclose(&expected, 1e-5, 1e-6, false));
    let eval = network.logits(parameters.tensors(), &x, Mode::Eval);
    assert!(!eval.allclose(&train, 1e-3, 1e-3, false), "eval goes by what ran");
}

#[test]
fn dropout_is_named_by_seed_step_and_pass_and_is_of_training_alone() {
    let (network, parameters, x) = made(&wrn(Norm::None, 0.3), [1, 8, 8]);
    let logits = |mode| network.logits(&parameters.frozen(), &x, mode);
    let train = |seed, step, pass| logits(Mode::Train(Masks::new(seed, step, pass)));
    assert!(train(1, 2, 0).equal(&train(1, 2, 0)));
    for other in [train(2, 2, 0), train(1, 3, 0), train(1, 2, 1)] {
        assert!(!train(1, 2, 0).equal(&other));
    }
    assert!(logits(Mode::Eval).equal(&logits(Mode::Batch)));
    let without = made(&wrn(Norm::None, 0.0), [1, 8, 8]);
    assert!(logits(Mode::Eval).equal(&without.0.logits(&without.1.frozen(), &x, Mode::Eval)));
}
