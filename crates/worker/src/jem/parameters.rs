//! A network's parameters, as tensors of their own.

use jem_core::arrays::{Array, Arrays};
use jem_core::random::{At, Stream};
use tch::{Device, Kind, Tensor};

/// What the values of a parameter start from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// Uniform in ± this.
    Uniform(f64),
    /// This, all of them.
    Constant(f64),
    /// A vector of length 1, every direction equally likely.
    Direction,
}

/// Name, shape and initial distribution of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterShape {
    /// The name, as PyTorch's twin of the network calls it.
    pub name: String,
    /// Length of each dimension.
    pub shape: Vec<i64>,
    /// Its initial values.
    pub start: Start,
    /// Whether the optimiser moves it. What is not trained is state that the
    /// network moves by itself, and stands after all that is.
    pub trained: bool,
}

impl ParameterShape {
    fn trained(name: String, shape: &[i64], start: Start) -> Self {
        Self { name, shape: shape.to_vec(), start, trained: true }
    }

    /// Weight and bias of a layer with `inputs` inputs to each output, both
    /// uniform in ±1/√inputs (LeCun et al. 1998; PyTorch's default).
    pub fn layer(name: &str, shape: &[i64], inputs: i64) -> [Self; 2] {
        let start = Start::Uniform(1.0 / (inputs as f64).sqrt());
        let weight = Self::trained(format!("{name}.weight"), shape, start);
        [weight, Self::trained(format!("{name}.bias"), &shape[..1], start)]
    }

    /// Scale and shift of a normalisation of `channels`: 1 and 0.
    pub fn scale_and_shift(name: &str, channels: i64) -> [Self; 2] {
        let one = |part: &str, value| {
            Self::trained(format!("{name}.{part}"), &[channels], Start::Constant(value))
        };
        [one("weight", 1.0), one("bias", 0.0)]
    }

    /// A state of `length` values.
    pub fn state(name: &str, length: i64, start: Start) -> Self {
        Self { name: name.to_owned(), shape: vec![length], start, trained: false }
    }

    /// Running mean and variance of `channels`: 0 and 1.
    pub fn running(name: &str, channels: i64) -> [Self; 2] {
        [("running_mean", 0.0), ("running_var", 1.0)].map(|(part, value)| {
            Self::state(&format!("{name}.{part}"), channels, Start::Constant(value))
        })
    }

    /// Its initial values, from `stream` at `at`.
    fn draw(&self, stream: &Stream, at: At) -> Tensor {
        let mut values = vec![0f32; self.shape.iter().product::<i64>() as usize];
        match self.start {
            Start::Uniform(bound) => {
                stream.fill_uniform(at, &mut values);
                let bound = bound as f32;
                values.iter_mut().for_each(|v| *v = (2.0 * *v - 1.0) * bound);
            }
            Start::Constant(value) => values.fill(value as f32),
            Start::Direction => {
                stream.fill_normal(at, &mut values);
                let squares: f64 = values.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
                let length = squares.sqrt().max(f64::MIN_POSITIVE);
                values.iter_mut().for_each(|v| *v = (f64::from(*v) / length) as f32);
            }
        }
        Tensor::from_slice(&values).reshape(&self.shape)
    }
}

/// Parameters with their names, and after them the network's state. Those
/// that are trained are leaves of the autograd graph.
#[derive(Debug)]
pub struct Parameters {
    names: Vec<String>,
    tensors: Vec<Tensor>,
    trained: usize,
}

/// Saved weights that do not fit the network.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misfit(pub String);

impl Parameters {
    /// Fresh parameters, drawn from the stream `init` of `seed`: parameter i
    /// at step i, so that one layer's values do not depend on another's size.
    pub fn init(shapes: &[ParameterShape], seed: u64, device: Device) -> Self {
        Self::drawn(shapes, &Stream::new(seed, "init"), device)
    }

    /// The same from another stream.
    pub fn drawn(shapes: &[ParameterShape], stream: &Stream, device: Device) -> Self {
        let draw = |(i, p): (usize, &ParameterShape)| {
            p.draw(stream, At::step(i as u64)).to_device(device).set_requires_grad(p.trained)
        };
        Self::of(shapes, shapes.iter().enumerate().map(draw).collect())
    }

    fn of(shapes: &[ParameterShape], tensors: Vec<Tensor>) -> Self {
        let trained = shapes.iter().filter(|p| p.trained).count();
        Self { names: shapes.iter().map(|p| p.name.clone()).collect(), tensors, trained }
    }

    /// The same values in another precision.
    pub fn to_kind(mut self, kind: Kind) -> Self {
        for (i, tensor) in self.tensors.iter_mut().enumerate() {
            *tensor = tensor.detach().to_kind(kind).set_requires_grad(i < self.trained);
        }
        self
    }

    /// The same values in memory of their own, without a graph.
    pub fn copied(&self) -> Self {
        let tensors = self.tensors.iter().map(|tensor| tensor.detach().copy()).collect();
        Self { names: self.names.clone(), tensors, trained: self.trained }
    }

    /// Parameters read back from saved weights.
    ///
    /// # Errors
    /// When a parameter is missing or has another shape.
    pub fn load(
        shapes: &[ParameterShape],
        weights: &Arrays,
        device: Device,
    ) -> Result<Self, Misfit> {
        let mut tensors = Vec::new();
        for p in shapes {
            let (shape, data) = weights
                .f32(&p.name)
                .ok_or_else(|| Misfit(format!("weights hold no parameter `{}`", p.name)))?;
            let shape: Vec<i64> = shape.iter().map(|&n| n as i64).collect();
            if shape != p.shape {
                let text = format!("`{}` has shape {shape:?}, expected {:?}", p.name, p.shape);
                return Err(Misfit(text));
            }
            tensors.push(Tensor::from_slice(data).reshape(&shape).to_device(device));
        }
        Ok(Self::of(shapes, tensors))
    }

    /// Takes the values of `arrays` that [`Parameters::to_arrays`] left.
    ///
    /// # Errors
    /// When one is missing or has another shape.
    pub fn restore(&mut self, arrays: &Arrays) -> Result<(), Misfit> {
        for (i, (name, tensor)) in self.names.iter().zip(&mut self.tensors).enumerate() {
            *tensor = read_onto(arrays, name, tensor)?.set_requires_grad(i < self.trained);
        }
        Ok(())
    }

    /// The names, in the network's order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The tensors, in the network's order.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// Those that are trained; the network's state comes after them.
    pub fn trained(&self) -> &[Tensor] {
        &self.tensors[..self.trained]
    }

    /// The same values without a graph: what the sampler's chain sees, so
    /// that no gradient of a parameter is computed inside it.
    pub fn frozen(&self) -> Vec<Tensor> {
        self.tensors.iter().map(Tensor::detach).collect()
    }

    /// Whether every value is finite.
    pub fn finite(&self) -> bool {
        let all = |t: &Tensor| t.isfinite().all().int64_value(&[]) == 1;
        self.tensors.iter().all(all)
    }

    /// The values by name, to be saved.
    pub fn to_arrays(&self) -> Arrays {
        let mut arrays = Arrays::default();
        for (name, tensor) in self.names.iter().zip(&self.tensors) {
            let (shape, data) = to_host(tensor);
            arrays.insert_f32(name.clone(), &shape, data);
        }
        arrays
    }
}

/// Puts `tensor` into `arrays` as `name`.
pub(super) fn insert(arrays: &mut Arrays, name: &str, tensor: &Tensor) {
    let (shape, data) = to_host(tensor);
    arrays.insert_f32(name, &shape, data);
}

/// The array `name`, as a tensor on the device of `like`, whose shape it must
/// have.
pub(super) fn read_onto(arrays: &Arrays, name: &str, like: &Tensor) -> Result<Tensor, Misfit> {
    let missing = || Misfit(format!("the saved state holds no `{name}`"));
    let (shape, data) = arrays.f32(name).ok_or_else(missing)?;
    let shape: Vec<i64> = shape.iter().map(|&n| n as i64).collect();
    if shape != like.size() {
        let text = format!("`{name}` has shape {shape:?}, expected {:?}", like.size());
        return Err(Misfit(text));
    }
    Ok(Tensor::from_slice(data).reshape(&shape).to_device(like.device()).to_kind(like.kind()))
}

/// Shape and values of a real tensor, on the host.
pub(crate) fn to_host(tensor: &Tensor) -> (Vec<usize>, Vec<f32>) {
    let shape = tensor.size().iter().map(|&n| n as usize).collect();
    let flat = tensor.detach().to_device(Device::Cpu).to_kind(Kind::Float).contiguous().view(-1);
    let mut data = vec![0f32; flat.numel()];
    let n = data.len();
    flat.copy_data(&mut data, n);
    (shape, data)
}

/// The tensor of a saved array of reals.
pub fn from_array(array: &Array) -> Option<Tensor> {
    match array {
        Array::F32 { shape, data } => {
            let shape: Vec<i64> = shape.iter().map(|&n| n as i64).collect();
            Some(Tensor::from_slice(data).reshape(&shape))
        }
        Array::I64 { .. } => None,
    }
}
