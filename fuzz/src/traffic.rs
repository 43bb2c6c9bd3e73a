//! Packets with headers, of what the input says.

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::model::{Ip, Traffic};
use crate::range;

/// A packet that devices can be asked something for: TCP, UDP or SCTP on IPv4 or IPv6, with a payload of
/// up to `payload` bytes.
pub fn traffic(input: &mut Unstructured<'_>, payload: usize) -> Result<Traffic> {
    let tags = *input.choose(&[0, 0, 0, 1, 2])?;
    let tag = |input: &mut Unstructured<'_>| {
        Ok((*input.choose(&[0x8100, 0x88a8])?, u16::arbitrary(input)?))
    };
    Ok(Traffic {
        tags: (0..tags).map(|_| tag(input)).collect::<Result<_>>()?,
        ip: match range(input, 0..=5)? {
            0..=2 => Ip::V4(0),
            3 => Ip::V4(range(input, 0..=10)?),
            4 => Ip::V6(0),
            _ => Ip::V6(range(input, 0..=3)?),
        },
        protocol: *input.choose(&[6, 17, 132])?,
        options: range(input, 0..=10)?,
        payload: range(input, 0..=payload)?,
        seed: input.arbitrary()?,
    })
}
