//! Named arrays as safetensors bytes: how weights, samples and per-example
//! values are kept. Equal arrays give equal bytes.

use std::collections::BTreeMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

/// An array of numbers, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum Array {
    /// Single-precision reals.
    F32 {
        /// Length of each dimension.
        shape: Vec<usize>,
        /// The elements.
        data: Vec<f32>,
    },
    /// Integers.
    I64 {
        /// Length of each dimension.
        shape: Vec<usize>,
        /// The elements.
        data: Vec<i64>,
    },
}

/// Bytes that are no named arrays of a kind that is read here.
#[derive(Debug, thiserror::Error)]
#[error("not a readable array file: {0}")]
pub struct ArrayError(String);

/// Named arrays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arrays {
    arrays: BTreeMap<String, Array>,
}

impl Arrays {
    /// Puts in an array of reals of this shape.
    pub fn insert_f32(&mut self, name: impl Into<String>, shape: &[usize], data: Vec<f32>) {
        let shape = shape.to_vec();
        self.arrays.insert(name.into(), Array::F32 { shape, data });
    }

    /// Puts in a list of integers.
    pub fn insert_i64(&mut self, name: impl Into<String>, data: Vec<i64>) {
        let shape = vec![data.len()];
        self.arrays.insert(name.into(), Array::I64 { shape, data });
    }

    /// Names and arrays, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Array)> {
        self.arrays.iter().map(|(name, array)| (name.as_str(), array))
    }

    /// Shape and elements of the reals `name`.
    pub fn f32(&self, name: &str) -> Option<(&[usize], &[f32])> {
        match self.arrays.get(name)? {
            Array::F32 { shape, data } => Some((shape, data)),
            Array::I64 { .. } => None,
        }
    }

    /// The integers `name`.
    pub fn i64(&self, name: &str) -> Option<&[i64]> {
        match self.arrays.get(name)? {
            Array::I64 { data, .. } => Some(data),
            Array::F32 { .. } => None,
        }
    }

    /// The arrays as safetensors bytes.
    ///
    /// # Errors
    /// When an array's shape does not fit its length.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ArrayError> {
        let mut raw = Vec::new();
        for (name, array) in &self.arrays {
            let (dtype, shape, bytes) = match array {
                Array::F32 { shape, data } => {
                    (Dtype::F32, shape, data.iter().flat_map(|v| v.to_le_bytes()).collect())
                }
                Array::I64 { shape, data } => (
                    Dtype::I64,
                    shape,
                    data.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>(),
                ),
            };
            raw.push((name, dtype, shape, bytes));
        }
        let mut views = Vec::new();
        for (name, dtype, shape, bytes) in &raw {
            let view = TensorView::new(*dtype, (*shape).clone(), bytes)
                .map_err(|e| ArrayError(format!("`{name}`: {e}")))?;
            views.push((name.as_str(), view));
        }
        serialize(views, None).map_err(|e| ArrayError(e.to_string()))
    }

    /// Reads safetensors bytes.
    ///
    /// # Errors
    /// When they are none, or hold another kind of number.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArrayError> {
        let file = SafeTensors::deserialize(bytes).map_err(|e| ArrayError(e.to_string()))?;
        let mut arrays = BTreeMap::new();
        for (name, view) in file.tensors() {
            let shape = view.shape().to_vec();
            let array = match view.dtype() {
                Dtype::F32 => {
                    Array::F32 { shape, data: words(view.data()).map(f32::from_le_bytes).collect() }
                }
                Dtype::I64 => {
                    Array::I64 { shape, data: words(view.data()).map(i64::from_le_bytes).collect() }
                }
                other => return Err(ArrayError(format!("`{name}` holds {other:?}"))),
            };
            arrays.insert(name, array);
        }
        Ok(Self { arrays })
    }
}

fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    bytes.chunks_exact(N).map(|chunk| {
        let mut word = [0; N];
        word.copy_from_slice(chunk);
        word
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_writes_the_same_bytes() {
        let mut arrays = Arrays::default();
        arrays.insert_f32("b", &[2, 2], vec![1.0, -0.0, f32::MAX, 4.5]);
        arrays.insert_i64("a", vec![3, -1]);
        let bytes = arrays.to_bytes().unwrap();
        let read = Arrays::from_bytes(&bytes).unwrap();
        assert_eq!(read, arrays);
        assert_eq!(read.to_bytes().unwrap(), bytes);
    }

    #[test]
    fn a_shape_that_does_not_fit_is_an_error() {
        let mut arrays = Arrays::default();
        arrays.insert_f32("x", &[3], vec![1.0]);
        assert!(arrays.to_bytes().is_err());
        assert!(Arrays::from_bytes(b"junk").is_err());
    }
}
