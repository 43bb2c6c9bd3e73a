//! What descriptors say of packets.

use std::arch::x86_64::*;

use crate::Format;
use crate::format::RxTables;
use crate::frame::Flags;

/// What descriptors say, as [`Flags`] in the upper halves of words.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
pub(super) fn flags<F: Format>(types: __m512i, status: __m512i, believed: __m512i) -> __m512i {
    let tables = const { &RxTables::new(&F::RX_BITS) };
    let set = |bits: u32| _mm512_set1_epi32(bits as i32);
    let look = |table: &[u8; 16], at: __m512i| {
        // SAFETY: a table is sixteen bytes.
        let table = unsafe { _mm_loadu_si128(table.as_ptr().cast()) };
        _mm512_shuffle_epi8(_mm512_broadcast_i32x4(table), at)
    };
    // Only of a tag it is ever not believed that there is one.
    let told = _mm512_srli_epi32::<{ RxTables::TOLD }>(_mm512_and_si512(status, believed));
    let told = look(&tables.told, _mm512_and_si512(told, set(0xf)));
    let found = look(&tables.found, _mm512_srli_epi32::<{ RxTables::FOUND }>(status));
    let ip = _mm512_and_si512(_mm512_srli_epi32::<{ RxTables::IP }>(types), set(0xf));
    let ip = look(&tables.ip, ip);
    // Of a byte whose highest bit is set the shuffle makes 0.
    let above = _mm512_and_si512(_mm512_srli_epi32::<{ RxTables::ABOVE }>(types), set(0x8f));
    let known = _mm512_or_si512(look(&tables.holds, above), set(Flags::VLAN.0.into()));
    // What is told and found, or of IP, as far as it is known.
    let low = _mm512_ternarylogic_epi32(told, found, ip, 0xea);
    let low = _mm512_and_si512(low, known);
    let rss = look(&tables.rss, _mm512_and_si512(types, set(0xf)));
    let high = _mm512_or_si512(rss, look(&tables.l4, above));
    _mm512_or_si512(_mm512_slli_epi32(low, 16), _mm512_slli_epi32::<{ 16 + RxTables::HIGH }>(high))
}
