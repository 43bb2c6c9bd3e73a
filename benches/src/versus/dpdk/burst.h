/*
 * A burst: what is timed, and nothing else. It is inline, so that it is compiled for each mode by
 * itself, and the program calls the driver's functions as rte_ethdev.h has them: through the port's
 * table.
 */
#ifndef BURST_H
#define BURST_H

#ifdef RTE_ARCH_X86
#include <immintrin.h>
#endif
#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <rte_udp.h>

#include "measure.h"
#include "ports.h"

/* ixgbe's vector receive functions give nothing if asked for fewer, and at most 32 at a time. */
#define LEAST 4
#define MOST 32
/* The tag that the device is asked to insert. */
#define VLAN 5
/* How many packets ahead their data is fetched, where it is needed. */
#define AHEAD 4

/* What two readings with nothing between them take. */
extern uint64_t empty_pair;

/* After all that came before in the program, and before all that comes after. */
static __rte_always_inline uint64_t now(void)
{
#ifdef RTE_ARCH_X86
	uint64_t cycles;

	_mm_lfence();
	cycles = rte_rdtsc();
	_mm_lfence();
	return cycles;
#else
	return rte_rdtsc_precise();
#endif
}

/* The counter may tick in steps: what is less than the clock's own cost is made up for elsewhere. */
static __rte_always_inline int64_t since(uint64_t start)
{
	return (int64_t)(now() - start - empty_pair);
}

/* Exchanges the MAC addresses as testpmd does: by one load and one store, others prefetched. */
static __rte_always_inline void swap_macs(struct rte_mbuf **packets, uint16_t count)
{
	for (uint16_t i = 0; i < count; i++) {
		struct rte_ether_hdr *ethernet =
			rte_pktmbuf_mtod(packets[i], struct rte_ether_hdr *);

		if (i + AHEAD < count)
			rte_prefetch0(rte_pktmbuf_mtod(packets[i + AHEAD], void *));
#ifdef RTE_ARCH_X86
		const __m128i swap =
			_mm_setr_epi8(6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15);

		_mm_storeu_si128((__m128i *)ethernet,
				 _mm_shuffle_epi8(_mm_loadu_si128((__m128i *)ethernet), swap));
#else
		struct rte_ether_addr source = ethernet->src_addr;

		ethernet->src_addr = ethernet->dst_addr;
		ethernet->dst_addr = source;
#endif
	}
}

/*
 * What a UDP checksum begins with, so that the device can go on: the sum over the pseudo header. It
 * is that of rte_ipv4_phdr_cksum(), which copies the header first and takes 10 cycles a packet
 * more.
 */
static __rte_always_inline uint16_t pseudo_header_sum(const struct rte_ipv4_hdr *ip)
{
	uint16_t length = rte_be_to_cpu_16(ip->total_length) - sizeof(*ip);
	uint64_t sum = (uint64_t)ip->src_addr + ip->dst_addr + rte_cpu_to_be_16(length) +
		       RTE_BE16(IPPROTO_UDP);

	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	sum = (sum & UINT16_MAX) + (sum >> 16);
	return (sum & UINT16_MAX) + (sum >> 16);
}

/*
 * Asks the device to compute both checksums and to insert a tag. That it is UDP over IPv4 without
 * options is known from what the device said of the packet, so that nothing has to be parsed.
 * Returns how many packets were something else.
 */
static __rte_always_inline unsigned int request_offloads(struct rte_mbuf **packets, uint16_t count)
{
	const uint64_t flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM |
			       RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_VLAN;
	const uint64_t lengths =
		rte_mbuf_tx_offload(RTE_ETHER_HDR_LEN, sizeof(struct rte_ipv4_hdr), 0, 0, 0, 0, 0);
	unsigned int foreign = 0;

	for (uint16_t i = 0; i < count; i++) {
		struct rte_mbuf *packet = packets[i];
		struct rte_ipv4_hdr *ip =
			rte_pktmbuf_mtod_offset(packet, struct rte_ipv4_hdr *, RTE_ETHER_HDR_LEN);
		struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

		if (i + AHEAD < count)
			rte_prefetch0(rte_pktmbuf_mtod(packets[i + AHEAD], void *));
		if (unlikely((packet->packet_type & (RTE_PTYPE_L3_MASK | RTE_PTYPE_L4_MASK)) !=
			     (RTE_PTYPE_L3_IPV4 | RTE_PTYPE_L4_UDP))) {
			foreign++;
			continue;
		}
		packet->ol_flags = flags;
		packet->tx_offload = lengths;
		packet->vlan_tci = VLAN;
		ip->hdr_checksum = 0;
		udp->dgram_cksum = pseudo_header_sum(ip);
	}
	return foreign;
}

/*
 * A window of bursts, one after the other as in an application, timed as one: the driver's calls
 * and what stands between them. For TX the packets are in hand already. For RX they are afterwards;
 * in the other modes only those that found no room are.
 */
static __rte_always_inline int64_t work(struct lane *lane, enum mode mode, uint16_t burst,
					unsigned int window)
{
	uint16_t count = mode == TX ? lane->count : 0, sent = 0, received = 0;
	uint64_t sent_total = 0, start;
	unsigned int foreign = 0;
	int64_t cycles;

	start = now();
	for (unsigned int i = 0; i < window; i++) {
		struct rte_mbuf **packets = lane->packets + (mode == TX ? sent : count);
		uint16_t some = RTE_MIN(burst, count - sent), taken;

		if (mode != TX) {
			some = rte_eth_rx_burst(lane->port, lane->queue, packets,
						RTE_MAX(burst, LEAST));
			received += some;
			count += some;
		}
		if (mode == FWD_MAC)
			swap_macs(packets, some);
		if (mode == FWD_OFFLOAD)
			foreign += request_offloads(packets, some);
		if (mode == RX || unlikely(some == 0))
			continue;
		taken = rte_eth_tx_burst(lane->port, lane->queue, packets, some);
		sent_total += taken;
		sent += taken;
		if (unlikely(taken < some))
			break;
		if (mode != TX)
			count = sent = 0;
	}
	cycles = since(start);

	if (unlikely(foreign > 0))
		failed("%u packets were received that are not UDP over IPv4", foreign);
	lane->count = count;
	lane->sent = sent;
	lane->moved = mode == TX ? count : received;
	lane->received_total += received;
	lane->sent_total += sent_total;
	return cycles;
}

#endif
