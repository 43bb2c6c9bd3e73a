//! How rings move descriptors.

use std::fmt;
use std::str::FromStr;

/// With which instructions a ring moves descriptors. All give the same results; what differs is how many
/// descriptors one instruction moves.
///
/// One program holds all of them, and a ring has one for its life: see
/// [`RxConfig::simd`](crate::RxConfig::simd).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Simd {
    /// Instructions that every CPU of its kind has; a descriptor at a time.
    Plain,
    /// x86-64 with AVX2: eight descriptors at a time.
    Avx2,
    /// x86-64 with AVX-512 F, BW and VL: sixteen descriptors at a time.
    Avx512,
}

impl Simd {
    const ALL: [Simd; 3] = [Simd::Plain, Simd::Avx2, Simd::Avx512];

    /// The fastest that this CPU, and the system on it, has.
    pub fn best() -> Simd {
        Simd::available().last().unwrap_or(Simd::Plain)
    }

    /// All that this CPU has, the slowest first.
    pub fn available() -> impl Iterator<Item = Simd> {
        Simd::ALL.into_iter().filter(|simd| simd.is_available())
    }

    /// Whether this CPU has it.
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        match self {
            Simd::Plain => true,
            Simd::Avx2 => is_x86_feature_detected!("avx2"),
            Simd::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        matches!(self, Simd::Plain)
    }
}

impl fmt::Display for Simd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Simd::Plain => "plain",
            Simd::Avx2 => "avx2",
            Simd::Avx512 => "avx512",
        })
    }
}

/// A text that names no [`Simd`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSimd(String);

impl fmt::Display for NoSimd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: expected plain, avx2 or avx512", self.0)
    }
}

impl std::error::Error for NoSimd {}

impl FromStr for Simd {
    type Err = NoSimd;

    fn from_str(text: &str) -> Result<Simd, NoSimd> {
        let named = Simd::ALL.into_iter().find(|simd| simd.to_string() == text);
        named.ok_or_else(|| NoSimd(text.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for simd in Simd::ALL {
            assert_eq!(simd.to_string().parse(), Ok(simd));
        }
        let error = "sse".parse::<Simd>().unwrap_err();
        assert_eq!(error.to_string(), "`sse`: expected plain, avx2 or avx512");
    }

    #[test]
    fn every_cpu_has_the_plain_one_and_the_best_is_one_of_those_there() {
        assert_eq!(Simd::available().next(), Some(Simd::Plain));
        assert!(Simd::best().is_available());
        assert!(Simd::available().all(|simd| simd <= Simd::best()));
    }
}
