//! Every field of a spec, with values of it.

/// Every field with values that go together with all values of the others;
/// the first is that of no preset. Alternatives stand apart.
pub const FIELDS: [(&str, &[&str]); 65] = [
    ("data.validation", &["2000", "4000"]),
    ("data.limit", &["30000", "20000", "0"]),
    ("data.range", &["\"[-1, 1]\"", "\"[0, 1]\""]),
    ("data.noise_std", &["0.25", "0.03"]),
    ("data.dequantise", &["true", "false"]),
    ("data.augment.pad", &["4", "2", "0"]),
    ("data.augment.flip", &["true", "false"]),
    ("objective.energy_margin.m_in", &["-23", "0"]),
    ("objective.energy_margin.m_out", &["-5", "0.5"]),
    ("objective.lambda", &["2.5", "0.1", "10"]),
    ("objective.energy_l2", &["0.125", "0.1"]),
    ("objective.energy_l2_data", &["0.25", "0.01"]),
    ("objective.cross_entropy", &["0.5", "2"]),
    ("objective.lambda_joint", &["0.25", "3"]),
    ("sampler.steps", &["7", "60"]),
    ("sampler.step_size", &["0.75", "0.1", "10"]),
    ("sampler.noise_std", &["0.0625", "0"]),
    ("sampler.clamp", &["true", "false"]),
    ("sampler.init", &["\"uniform\"", "\"normal\"", "\"data\"", "\"class_gaussian\""]),
    ("sampler.clip_gradient", &["0.01", "1"]),
    ("sampler.step_size_decay", &["0.5", "0.9"]),
    ("sampler.conditional", &["true", "false"]),
    ("replay_buffer.size", &["3000", "20000"]),
    ("replay_buffer.reinit", &["0.5", "1", "0"]),
    ("replay_buffer.keep", &["500", "2000"]),
    ("optimizer.adam.lr", &["0.003", "1e-5"]),
    ("optimizer.adam.beta1", &["0.5", "0"]),
    ("optimizer.adam.beta2", &["0.99", "0.5"]),
    ("optimizer.adam.eps", &["1e-6", "1e-7"]),
    ("train.batch_size", &["32", "128"]),
    ("train.clip_grad_norm", &["0.5", "0", "10"]),
    ("train.warmup_steps", &["10", "3"]),
    ("train.decay_at", &["[0.25]", "[0.5, 0.75]", "[]"]),
    ("train.decay_factor", &["0.5", "0.1"]),
    ("train.independent_px_batch", &["true", "false"]),
    ("train.pretrain_steps", &["5", "10", "0"]),
    ("train.label_smoothing", &["0.1", "0.2"]),
    ("train.ema", &["0.999", "0.9"]),
    ("divergence.max_energy_gap", &["500", "1e6"]),
    ("divergence.check_every", &["3", "100"]),
    ("divergence.max_saturation", &["0.5", "0.9"]),
    ("divergence.min_accuracy", &["0.25", "0.5"]),
    ("divergence.min_accuracy_from", &["100", "200"]),
    ("divergence.rollback_every", &["50", "500"]),
    ("divergence.rollback_to", &["2", "3"]),
    ("divergence.max_restarts", &["4", "1"]),
    ("divergence.restart_step_size", &["0.5", "0.25"]),
    ("divergence.restart_extra_steps", &["5", "10"]),
    (
        "evaluate.ood",
        &[
            "[\"uniform-noise\"]",
            "[\"elastic\", \"letters\"]",
            "[\"rotated\", \"uniform-noise\"]",
            "[]",
        ],
    ),
    ("evaluate.validation_ood", &["[\"gaussian-noise\"]", "[\"interpolation\"]", "[]"]),
    ("evaluate.limit", &["500", "0"]),
    ("evaluate.ece_bins", &["[10]", "[10, 30]", "[]"]),
    ("evaluate.samples", &["16", "0"]),
    ("resources.device", &["\"cuda\"", "\"cpu\""]),
    ("resources.threads", &["2", "8"]),
    ("resources.timeout", &["60", "0"]),
    ("resources.checkpoint_steps", &["100", "0"]),
    ("resources.checkpoint_seconds", &["5", "0"]),
    ("resources.checkpoints_kept", &["1", "3"]),
    (
        "data.train",
        &["\"fashion-mnist\"", "{ cifar = { train = ['a'], test = ['b'] }, classes = 10 }"],
    ),
    ("train.epochs", &["7", "11"]),
    ("train.steps", &["1700", "2100"]),
    ("model.mlp.hidden", &["[32]", "[64, 64]"]),
    ("model.mlp.activation", &["\"relu\"", "\"leaky_relu\""]),
    ("model.mlp.spectral_norm", &["1", "2"]),
];

/// Where the two lengths of training stand; what follows is the MLP's.
pub const LENGTHS: usize = FIELDS.len() - 5;

/// The fields of the other kind of network.
pub const CNN: [(&str, &[&str]); 4] = [
    ("model.cnn.channels", &["[8]", "[16, 32]"]),
    ("model.cnn.hidden", &["24", "0"]),
    ("model.cnn.activation", &["\"relu\"", "\"silu\""]),
    ("model.cnn.spectral_norm", &["1", "2"]),
];

/// The fields of other kinds of network, optimiser and schedule, each of
/// which goes with the presets' values of the rest.
pub const KINDS: [(&str, &[&str]); 16] = [
    ("model.wrn.depth", &["16", "22"]),
    ("model.wrn.width", &["2", "4"]),
    ("model.wrn.norm", &["\"batch\"", "\"group\""]),
    ("model.wrn.dropout", &["0.25", "0.1"]),
    ("model.wrn.activation", &["\"relu\"", "\"silu\""]),
    ("model.wrn.spectral_norm", &["1", "2"]),
    ("optimizer.adamw.lr", &["0.003", "1e-5"]),
    ("optimizer.adamw.beta1", &["0.5", "0"]),
    ("optimizer.adamw.beta2", &["0.99", "0.5"]),
    ("optimizer.adamw.eps", &["1e-6", "1e-7"]),
    ("optimizer.adamw.weight_decay", &["0.1", "0"]),
    ("optimizer.sgd.lr", &["0.003", "1e-5"]),
    ("optimizer.sgd.momentum", &["0.5", "0"]),
    ("optimizer.sgd.nesterov", &["true", "false"]),
    ("optimizer.sgd.weight_decay", &["0.1", "0"]),
    ("train.schedule", &["\"cosine\"", "\"step\""]),
];

/// A field that goes with `model.wrn.norm = "batch"` alone.
pub const IN_CHAIN: (&str, &[&str]) = ("model.wrn.sampler_mode", &["\"train\"", "\"eval\""]);

/// Fields of the parts of an evaluation.
pub const PARTS: &[(&str, &[&str])] = &[
    ("evaluate.corruptions.kinds", &["[\"contrast\"]", "[\"rotate\", \"shear\"]"]),
    ("evaluate.corruptions.severities", &["2", "3"]),
    ("evaluate.corruptions.limit", &["100", "200"]),
    ("evaluate.chains.n", &["4", "8"]),
    ("evaluate.chains.steps", &["2000", "500"]),
    ("evaluate.chains.every", &["20", "50"]),
    ("evaluate.chains.states", &["3", "5"]),
    ("evaluate.chains.from", &["[\"uniform\"]", "[\"buffer\"]"]),
    ("evaluate.calibration.bins", &["[15]", "[10, 30]"]),
    ("evaluate.selective.points", &["200", "50"]),
    ("evaluate.purification.attacks", &["[\"joint\"]", "[\"none\", \"square\"]"]),
    ("evaluate.purification.purifiers", &["[\"seed\"]", "[\"stochastic\"]"]),
    ("evaluate.purification.limit", &["50", "200"]),
    ("evaluate.purification.epsilon", &["0.1", "0.25"]),
    ("evaluate.purification.attack_steps", &["5", "40"]),
    ("evaluate.purification.attack_step_size", &["0.01", "0.02"]),
    ("evaluate.purification.eot", &["2", "8"]),
    ("evaluate.purification.queries", &["10", "1000"]),
    ("evaluate.purification.replicates", &["16", "64"]),
    ("evaluate.purification.max_unrolled", &["500", "10000"]),
    ("evaluate.purification.points", &["2", "10"]),
    ("evaluate.purification.seed.steps", &["40", "20"]),
    ("evaluate.purification.seed.step_size", &["0.1", "0.02"]),
    ("evaluate.purification.seed.clamp", &["false", "true"]),
    ("evaluate.purification.stochastic.steps", &["200", "40"]),
    ("evaluate.purification.stochastic.step_size", &["0.5", "0.02"]),
    ("evaluate.purification.stochastic.noise_std", &["0.005", "0.02"]),
    ("evaluate.purification.stochastic.chains", &["4", "16"]),
    ("evaluate.purification.stochastic.clamp", &["true", "false"]),
    ("evaluate.attacks.norms", &["[\"linf\"]", "[\"l2\"]"]),
    ("evaluate.attacks.linf", &["[0.1]", "[0.1, 0.5]"]),
    ("evaluate.attacks.l2", &["[1.5]", "[1, 3]"]),
    ("evaluate.attacks.steps", &["7", "100"]),
    ("evaluate.attacks.step_size", &["0.1", "0.25"]),
    ("evaluate.attacks.restarts", &["2", "10"]),
    ("evaluate.attacks.loss", &["\"margin\"", "\"dlr\""]),
    ("evaluate.attacks.apgd_steps", &["10", "100"]),
    ("evaluate.attacks.apgd_restarts", &["2", "5"]),
    ("evaluate.attacks.apgd_losses", &["[\"dlr\"]", "[\"cross_entropy\"]"]),
    ("evaluate.attacks.queries", &["0", "50"]),
    ("evaluate.attacks.limit", &["50", "0"]),
    ("evaluate.scores.kinds", &["[\"knn\"]", "[\"vim\", \"react\"]"]),
    ("evaluate.scores.limit_train", &["100", "200"]),
    ("evaluate.scores.bootstrap", &["50", "0"]),
    ("evaluate.scores.energy_temperature", &["[2]", "[2, 3]"]),
    ("evaluate.scores.odin_temperature", &["[10]", "[10, 100]"]),
    ("evaluate.scores.odin_epsilon", &["[0.01]", "[0.002, 0]"]),
    ("evaluate.scores.knn_k", &["[5]", "[7, 3]"]),
    ("evaluate.scores.react_percentile", &["[50]", "[80, 70]"]),
    ("evaluate.scores.ash_percentile", &["[50]", "[70, 0]"]),
    ("evaluate.scores.vim_share", &["[0.25]", "[1, 0.75]"]),
    ("evaluate.generation.samples", &["30", "50"]),
    ("evaluate.generation.steps", &["40", "50"]),
    ("evaluate.generation.step_size", &["2", "0.5"]),
    ("evaluate.generation.noise_std", &["0", "0.5"]),
    ("evaluate.generation.per_class", &["2", "0"]),
    ("evaluate.generation.looks", &["2", "5"]),
    ("evaluate.generation.strips", &["2", "0"]),
    ("evaluate.generation.limit_train", &["100", "200"]),
    ("evaluate.generation.reference", &["\"test\"", "\"train\""]),
    ("evaluate.generation.reference_limit", &["100", "200"]),
    ("evaluate.generation.extractors", &["[\"inception\"]", "[\"classifier\", \"inception\"]"]),
    ("evaluate.generation.inception_file", &["\"a.pt\"", "\"b.pt\""]),
    ("evaluate.generation.inception_sha256", &[DIGESTS[0], DIGESTS[1]]),
    ("evaluate.generation.most_confident", &["20", "30"]),
    ("evaluate.likelihood.chains", &["16", "100"]),
    ("evaluate.likelihood.temperatures", &["200", "5000"]),
    ("evaluate.likelihood.steps", &["2", "5"]),
    ("evaluate.likelihood.schedule", &["\"linear\"", "\"sigmoid\""]),
    ("evaluate.likelihood.step_size", &["0.1", "0.5"]),
    ("evaluate.likelihood.reverse", &["200", "0"]),
];

const DIGESTS: [&str; 2] = [
    "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"",
    "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"",
];

/// What a field of [`PARTS`] means something beside: its part must be asked
/// for.
pub fn asked(path: &str) -> &'static str {
    match path {
        "evaluate.corruptions.kinds"
        | "evaluate.chains.n"
        | "evaluate.attacks.norms"
        | "evaluate.scores.kinds"
        | "evaluate.purification.attacks"
        | "evaluate.generation.samples"
        | "evaluate.likelihood.chains" => "",
        _ if path.starts_with("evaluate.purification.") => {
            "evaluate.purification.attacks = [\"bpda\"]\n"
        }
        "evaluate.attacks.apgd_restarts" | "evaluate.attacks.apgd_losses" => {
            "evaluate.attacks.norms = [\"linf\", \"l2\"]\nevaluate.attacks.apgd_steps = 20\n"
        }
        _ if path.starts_with("evaluate.attacks.") => {
            "evaluate.attacks.norms = [\"linf\", \"l2\"]\n"
        }
        _ if path.starts_with("evaluate.scores.") => "evaluate.scores.kinds = [\"energy_t\"]\n",
        "evaluate.generation.inception_file" => {
            "evaluate.generation.samples = 40\nevaluate.generation.extractors = [\"inception\"]\n\
             evaluate.generation.inception_sha256 = \
             \"ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"\n"
        }
        "evaluate.generation.inception_sha256" => {
            "evaluate.generation.samples = 40\nevaluate.generation.extractors = [\"inception\"]\n"
        }
        _ if path.starts_with("evaluate.likelihood.") => "evaluate.likelihood.chains = 32\n",
        _ if path.starts_with("evaluate.generation.") => "evaluate.generation.samples = 40\n",
        _ if path.starts_with("evaluate.chains.") => "evaluate.chains.n = 3\n",
        _ if path.starts_with("evaluate.corruptions.") => {
            "evaluate.corruptions.kinds = [\"brightness\"]\n"
        }
        _ => "",
    }
}

/// Fields that go with some values of others alone, with a file that has them.
pub const BOUND: [(&str, &str, &str); 11] = [
    ("data.px_augment", "false", INDEPENDENT),
    ("data.px_noise", "false", INDEPENDENT),
    ("data.labels.fraction", "0.1", INDEPENDENT),
    ("data.labels.per_class", "10", INDEPENDENT),
    ("data.auxiliary", "\"fashion-mnist\"", ""),
    ("objective.energy_l2_ratio", "0.5", ""),
    ("objective.outlier_exposure.weight", "0.5", AUXILIARY),
    ("objective.energy_margin.weight", "0.1", AUXILIARY),
    ("train.ema_warmup", "true", "train.ema = 0.999\n"),
    ("evaluate.near", "[\"rotated\"]", ""),
    ("evaluate.far", "[\"rotated\"]", ""),
];
const INDEPENDENT: &str = "train.independent_px_batch = true\n";
const AUXILIARY: &str =
    "data.auxiliary = \"fashion-mnist\"\nobjective.energy_margin = { m_in = -9, m_out = -1 }\n";

pub fn all_fields() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    FIELDS
        .into_iter()
        .chain(CNN)
        .chain(KINDS)
        .chain([IN_CHAIN])
        .chain(OWN_NOISE)
        .chain(PARTS.iter().copied())
}

/// Fields that go with no noise of another field and no clamp.
const OWN_NOISE: [(&str, &[&str]); 3] = [
    ("sampler.kind", &["\"langevin\"", "\"mala\""]),
    ("sampler.temperature", &["0.5", "2"]),
    ("sampler.boundary", &["\"reflect\"", "\"none\""]),
];

/// What [`OWN_NOISE`] goes with.
pub const NO_OTHER_NOISE: &str = "sampler.noise_std = 0\nsampler.clamp = false\n";
