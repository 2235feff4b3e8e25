//! `[[sweep]]` as written. These types stand for the schema; what a block
//! means is read from the spanned tree by [`crate::plan`], so that every value
//! of an axis can be pointed at.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One block of a sweep. Blocks form a union; inside one, grid, zip, random
/// and sobol multiply.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it stands for the schema; blocks are read as trees")]
pub struct RawSweep {
    /// Axes that are multiplied: path = [values] | { linspace = [first, last, n] } | { logspace = [first, last, n] } | { range = [first, end, step] }.
    grid: Option<RawAxes>,
    /// Axes that advance together; all of one length.
    zip: Option<RawAxes>,
    /// A name for each row of zip, by which tables, charts and sentences tell it; in no id.
    names: Option<Vec<String>>,
    /// Cells to leave out: each entry gives path = value, and a cell that matches all of them is dropped.
    exclude: Option<Vec<RawAxes>>,
    /// Independent uniform draws. A larger n keeps the earlier ones.
    random: Option<RawDraw>,
    /// Points of an Owen-scrambled Sobol sequence. A larger n keeps the earlier ones.
    sobol: Option<RawDraw>,
    /// The seeds of this block; without it those of the file.
    seeds: Option<RawSeeds>,
}

/// Points drawn from a box.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it stands for the schema; draws are read as trees")]
pub struct RawDraw {
    /// How many points; at most 65,536 of a Sobol sequence.
    #[schemars(range(min = 1, max = 100_000))]
    n: u64,
    /// The seed of the draw, 0 if not written; it has nothing to do with the trials' seeds.
    #[schemars(range(max = 4_294_967_295_u64))]
    seed: Option<u32>,
    /// The sides of the box: path = { linear = [low, high] } | { log = [low, high] }. Whole numbers are equally likely, the ends included; in a log range nearly in proportion to 1/k.
    over: RawAxes,
}

/// Anything by path; a path may be written as one quoted key or as nested
/// tables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawAxes(pub Map<String, Value>);

impl JsonSchema for RawAxes {
    fn schema_name() -> Cow<'static, str> {
        "Axes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

/// A number of seeds, counted from 0, or the seeds themselves.
pub struct RawSeeds;

/// The most seeds that a block may have.
pub const MAX_SEEDS: u64 = 100_000;

impl JsonSchema for RawSeeds {
    fn schema_name() -> Cow<'static, str> {
        "Seeds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "integer", "minimum": 1, "maximum": MAX_SEEDS },
            {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_SEEDS,
                "uniqueItems": true,
                "items": { "type": "integer", "minimum": 0, "maximum": u64::MAX }
            }
        ]})
    }
}
