//! Inputs as programs. `arbitrary`'s own lists end after two entries on average; these go on for as long
//! as there are bytes.

use std::ops::RangeInclusive;

use arbitrary::{Arbitrary, Result, Unstructured};

/// Operations until the input ends, `most` at most.
pub fn program<'a, T: Arbitrary<'a>>(input: &mut Unstructured<'a>, most: usize) -> Result<Vec<T>> {
    let mut operations = Vec::new();
    while !input.is_empty() && operations.len() < most {
        operations.push(input.arbitrary()?);
    }
    Ok(operations)
}

/// A number within bounds; the first one when the input has ended.
pub fn range(input: &mut Unstructured<'_>, bounds: RangeInclusive<usize>) -> Result<usize> {
    input.int_in_range(bounds)
}

/// Up to `most` bytes of text, whatever they are.
pub fn text(input: &mut Unstructured<'_>, most: usize) -> Result<String> {
    let len = range(input, 0..=most)?.min(input.len());
    Ok(String::from_utf8_lossy(input.bytes(len)?).into_owned())
}
