//! The words in which rows are told apart, each the same in JSON, in the protocol and on the screen.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A word that is none of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}`: expected {expected}")]
pub struct BadName {
    /// What was there.
    pub word: String,
    /// What there could be.
    pub expected: String,
}

/// Enums whose values have one word each.
macro_rules! words {
    ($(#[$about:meta])* $kind:ident { $($(#[$doc:meta])* $name:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $kind { $($(#[$doc])* #[serde(rename = $word)] $name,)* }

        impl $kind {
            /// All of them, in the order of the table.
            pub const ALL: &[$kind] = &[$($kind::$name),*];

            /// Its word.
            pub const fn name(self) -> &'static str {
                match self { $($kind::$name => $word,)* }
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $kind {
            type Err = BadName;

            fn from_str(word: &str) -> Result<$kind, BadName> {
                let found = $kind::ALL.iter().copied().find(|value| value.name() == word);
                found.ok_or_else(|| BadName { word: word.into(), expected: [$($word),*].join(", ") })
            }
        }
    };
}

words! {
    /// What is done with each frame, and timed.
    Mode {
        /// Received.
        Rx = "rx",
        /// Sent.
        Tx = "tx",
        /// Received and sent.
        Fwd = "fwd",
        /// Received, its MAC addresses exchanged, and sent.
        FwdMac = "fwd_mac",
        /// Received with checksums checked and the VLAN tag stripped, and sent with IPv4 and UDP checksums
        /// and a VLAN tag inserted by the device.
        FwdOffload = "fwd_offload",
    }
}

words! {
    /// Where rings and data were before each burst.
    Placement {
        /// In the cache of the core that drives the queue.
        Local = "local",
        /// Last written by another core.
        Remote = "remote",
        /// In no cache.
        Cold = "cold",
        /// The queues of a VF are divided between two cores, each of which has last written nothing of the
        /// other's.
        Split = "split",
    }
}

words! {
    /// A driver, and how it goes about it.
    Column {
        /// Ours, which takes the widest instructions that there are.
        Ours = "ours",
        /// Ours, made to use AVX2 at most.
        OursAvx2 = "ours_avx2",
        /// Ours, made to use plain x86-64.
        OursPlain = "ours_plain",
        /// Ours, in 4 MiB of DMA memory on ordinary pages.
        OursSmall = "ours_small",
        /// DPDK's vector paths.
        Vector = "vector",
        /// DPDK's scalar paths.
        Scalar = "scalar",
        /// DPDK with transmit offloads configured, and so its full-featured transmit path.
        Full = "full",
    }
}

impl Column {
    /// Whether it is DPDK's.
    pub const fn is_dpdk(self) -> bool {
        matches!(self, Column::Vector | Column::Scalar | Column::Full)
    }
}

/// How large frames are; in JSON a number, or `"imix"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Size {
    /// All of so many bytes, with FCS: 64 to 9018.
    Bytes(u16),
    /// 7 of 64 bytes to 4 of 594 and 1 of 1518.
    Imix,
}

impl Size {
    /// Bytes of the largest, with FCS.
    pub const fn largest(self) -> u16 {
        match self {
            Size::Bytes(bytes) => bytes,
            Size::Imix => 1518,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Size::Bytes(bytes) => f.pad(&bytes.to_string()),
            Size::Imix => f.pad("imix"),
        }
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Size::Bytes(bytes) => serializer.serialize_u16(*bytes),
            Size::Imix => serializer.serialize_str("imix"),
        }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Size, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Size;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("64 to 9018, or \"imix\"")
            }

            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<Size, E> {
                match u16::try_from(bytes) {
                    Ok(bytes @ 64..=9018) => Ok(Size::Bytes(bytes)),
                    _ => Err(E::invalid_value(de::Unexpected::Unsigned(bytes), &self)),
                }
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Size, E> {
                match word {
                    "imix" => Ok(Size::Imix),
                    _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_means_one_thing_everywhere() {
        for column in Column::ALL {
            assert_eq!(column.name().parse(), Ok(*column));
            assert_eq!(serde_json::to_string(column).unwrap(), format!("\"{column}\""));
        }
        let error = "sideways".parse::<Mode>().unwrap_err().to_string();
        assert_eq!(error, "`sideways`: expected rx, tx, fwd, fwd_mac, fwd_offload");
    }

    #[test]
    fn sizes_are_numbers_or_imix() {
        let read = |json| serde_json::from_str::<Size>(json);
        for (size, json) in
            [(Size::Bytes(64), "64"), (Size::Bytes(9018), "9018"), (Size::Imix, "\"imix\"")]
        {
            assert_eq!(serde_json::to_string(&size).unwrap(), json);
            assert_eq!(read(json).unwrap(), size);
        }
        for json in ["63", "9019", "70000", "\"64\"", "-1", "64.5", "null"] {
            assert!(read(json).is_err(), "{json}");
        }
        assert_eq!((Size::Imix.largest(), Size::Bytes(128).largest()), (1518, 128));
    }
}
