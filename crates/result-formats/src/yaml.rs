use serde::de::DeserializeOwned;
use serde_saphyr::NonFiniteFloatPolicy;

use crate::json;
use crate::refusal::Problem;

/// The most bytes of a document: no tool writes more, and YAML takes many times
/// its size to read.
const MAX_BYTES: usize = 16 << 20;

/// Parses a YAML document.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = json::text(bytes)?;
    if text.len() > MAX_BYTES {
        let max = MAX_BYTES >> 20;
        return Err(Problem::new(format_args!("as YAML it may have {max} MiB, not more")));
    }
    // An unlimited load is `.inf`; what may be infinite is for a format to say.
    let options = serde_saphyr::options! {
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| Problem::at("not valid YAML", error))
}
