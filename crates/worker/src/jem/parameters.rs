//! A network's parameters, as tensors of their own.

use jem_core::arrays::{Array, Arrays};
use jem_core::random::{At, Stream};
use tch::{Device, Kind, Tensor};

/// Name, shape and initial distribution of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterShape {
    /// The name, as PyTorch's twin of the network calls it.
    pub name: String,
    /// Length of each dimension.
    pub shape: Vec<i64>,
    /// Initial values are uniform in ± this.
    pub bound: f64,
}

impl ParameterShape {
    /// Weight and bias of a layer with `inputs` inputs to each output, both
    /// uniform in ±1/√inputs (LeCun et al. 1998; PyTorch's default).
    pub fn layer(name: &str, shape: &[i64], inputs: i64) -> [Self; 2] {
        let bound = 1.0 / (inputs as f64).sqrt();
        let weight = Self { name: format!("{name}.weight"), shape: shape.to_vec(), bound };
        let bias = Self { name: format!("{name}.bias"), shape: vec![shape[0]], bound };
        [weight, bias]
    }
}

/// Parameters with their names; leaves of the autograd graph.
#[derive(Debug)]
pub struct Parameters {
    names: Vec<String>,
    tensors: Vec<Tensor>,
}

/// Saved weights that do not fit the network.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misfit(pub String);

impl Parameters {
    /// Fresh parameters, drawn from the stream `init` of `seed`: parameter i
    /// at step i, so that one layer's values do not depend on another's size.
    pub fn init(shapes: &[ParameterShape], seed: u64, device: Device) -> Self {
        let stream = Stream::new(seed, "init");
        let draw = |(i, p): (usize, &ParameterShape)| {
            let n: i64 = p.shape.iter().product();
            let mut values = vec![0f32; n as usize];
            stream.fill_uniform(At::step(i as u64), &mut values);
            let bound = p.bound as f32;
            values.iter_mut().for_each(|v| *v = (2.0 * *v - 1.0) * bound);
            Tensor::from_slice(&values).reshape(&p.shape).to_device(device)
        };
        let tensors = shapes.iter().enumerate().map(draw);
        Self {
            names: shapes.iter().map(|p| p.name.clone()).collect(),
            tensors: tensors.map(|t| t.set_requires_grad(true)).collect(),
        }
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
        Ok(Self { names: shapes.iter().map(|p| p.name.clone()).collect(), tensors })
    }

    /// Takes the values of `arrays` that [`Parameters::to_arrays`] left.
    ///
    /// # Errors
    /// When one is missing or has another shape.
    pub fn restore(&mut self, arrays: &Arrays) -> Result<(), Misfit> {
        for (name, tensor) in self.names.iter().zip(&mut self.tensors) {
            *tensor = read_onto(arrays, name, tensor)?.set_requires_grad(true);
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
    Ok(Tensor::from_slice(data).reshape(&shape).to_device(like.device()))
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
