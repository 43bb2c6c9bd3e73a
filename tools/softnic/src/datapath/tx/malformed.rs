//! Transmit descriptors that make no sense, by kind.

use std::fmt;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident: $text:literal,)+) => {
        /// What can be wrong with transmit descriptors.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Malformed {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Malformed {
            /// All kinds.
            pub const ALL: &'static [Malformed] = &[$(Malformed::$name),+];
        }

        impl fmt::Display for Malformed {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Malformed::$name => $text,)+
                })
            }
        }
    };
}

kinds! {
    /// A tail or head register names no descriptor of the ring.
    OutsideRing: "tail outside the ring",
    /// DEXT is 0: a legacy descriptor, which the adapter does not know.
    Legacy: "legacy descriptor",
    /// DTYP is neither context nor data, or a data descriptor was expected.
    Type: "unknown descriptor type",
    /// DTALEN is 0.
    Empty: "descriptor of no bytes",
    /// A packet of more than 40 descriptors: EOP is missing.
    NoEnd: "no end of packet",
    /// IFCS is 0: the FCS would be missing.
    NoFcs: "no FCS",
    /// PAYLEN is not what the packet has: all of its bytes, or all but the headers with TSE.
    PayloadLength: "PAYLEN disagrees with the lengths",
    /// Under 17 bytes, on which the 82599 can hang.
    Short: "packet too short",
    /// Longer than the longest frame that there is.
    Long: "packet too long",
    /// IDX names none of the two contexts.
    ContextIndex: "no such context",
    /// An offload needs a context, and none was given.
    NoContext: "offload without a context",
    /// TSE without a context.
    SegmentationWithoutContext: "segmentation without a context",
    /// CC is 0, or the context was not given, where every packet needs it (X550 and later).
    ContextUnchecked: "no context checked",
    /// MACLEN, IPLEN and L4LEN do not fit into the packet, or are shorter than their protocol's header.
    Headers: "header lengths do not fit",
    /// MSS is 0.
    SegmentSize: "segments of no bytes",
    /// An offload that the VF does not have: IPsec, FCoE, a reserved layer 4, segmentation of SCTP.
    Offload: "unsupported offload",
}

/// How many descriptors, or packets, were malformed, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MalformedCounts([u64; Malformed::ALL.len()]);

impl MalformedCounts {
    /// How many of a kind.
    pub fn of(&self, kind: Malformed) -> u64 {
        self.0[kind as usize]
    }

    /// How many of all kinds.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Counts one.
    pub(crate) fn count(&mut self, kind: Malformed) {
        self.0[kind as usize] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_counted_by_itself() {
        let mut counts = MalformedCounts::default();
        for kind in Malformed::ALL {
            assert_eq!(counts.of(*kind), 0);
            counts.count(*kind);
            assert_eq!(counts.of(*kind), 1, "{kind}");
        }
        assert_eq!(counts.total(), Malformed::ALL.len() as u64);
    }
}
