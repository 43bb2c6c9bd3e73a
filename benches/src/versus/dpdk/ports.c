/*
 * Ports as a tuned application sets them up: one mempool, with the largest cache that there is for
 * each lcore; all thresholds as the driver recommends them; offloads only where the path is about
 * them.
 *
 * Which burst functions the driver has chosen is read from what it logs while the ports start. What
 * a path is called is one thing, which functions run is another: if they are not those of the path,
 * the program fails.
 */

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include "ports.h"

#define CACHE RTE_MEMPOOL_CACHE_MAX_SIZE
#define DRIVER_LOG "pmd.net.ixgbe.*"

/* A path, by the functions that make it one and what makes the driver take them. */
static const struct path {
	const char *name;
	const char *rx, *tx;
	uint64_t tx_offloads;
} paths[] = {
	{ "vector", "ixgbe_recv_pkts_vec", "ixgbe_xmit_pkts_vec", 0 },
	/* With --force-max-simd-bitwidth=64. */
	{ "scalar", "ixgbe_recv_pkts_bulk_alloc", "ixgbe_xmit_pkts_simple", 0 },
	{ "full", "ixgbe_recv_pkts_vec", "ixgbe_xmit_pkts",
	  RTE_ETH_TX_OFFLOAD_VLAN_INSERT | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM |
		  RTE_ETH_TX_OFFLOAD_UDP_CKSUM | RTE_ETH_TX_OFFLOAD_MULTI_SEGS },
};

/* What the driver says as it chooses: ixgbe_set_rx_function(), ixgbe_set_tx_function(). */
struct saying {
	const char *words, *function;
};

static const struct saying rx_sayings[] = {
	{ "Vector rx enabled", "ixgbe_recv_pkts_vec" },
	{ "Using Vector Scattered Rx callback", "ixgbe_recv_scattered_pkts_vec" },
	{ "Rx Burst Bulk Alloc function will be used", "ixgbe_recv_pkts_bulk_alloc" },
	{ "Preconditions are not satisfied, or Scattered Rx is requested", "ixgbe_recv_pkts" },
	{ "Using a Scattered with bulk allocation callback", "ixgbe_recv_pkts_lro_bulk_alloc" },
	{ "Using Regular (non-vector, single allocation) Scattered",
	  "ixgbe_recv_pkts_lro_single_alloc" },
};

static const struct saying tx_sayings[] = {
	{ "Using full-featured tx code path", "ixgbe_xmit_pkts" },
	{ "Using simple tx code path", "ixgbe_xmit_pkts_simple" },
	/* Said after the one before. */
	{ "Vector tx enabled", "ixgbe_xmit_pkts_vec" },
};

struct lane lanes[RTE_MAX_ETHPORTS * MAX_QUEUES];
unsigned int lane_count;
static uint16_t ring;
struct rte_mempool *pool;

static void check(int result, const char *what, uint16_t port)
{
	if (result < 0)
		failed("%s, port %u: %s", what, port, rte_strerror(-result));
}

static const struct path *find_path(const char *name)
{
	for (size_t i = 0; i < RTE_DIM(paths); i++)
		if (strcmp(paths[i].name, name) == 0)
			return &paths[i];
	failed("no path is called %s: vector, scalar or full", name);
}

/* The function of which the log told last. */
static const char *last_said(const char *log, const struct saying *sayings, size_t count)
{
	const char *function = NULL, *last = log;

	for (size_t i = 0; i < count; i++)
		for (const char *at = log; (at = strstr(at, sayings[i].words)) != NULL; at++)
			if (at >= last) {
				last = at;
				function = sayings[i].function;
			}
	return function;
}

/* The names, with what DPDK itself calls them where the driver can say that (22.11's cannot). */
static void name_functions(char *names, size_t size, const char *rx, const char *tx, uint16_t port)
{
	struct rte_eth_burst_mode mode;
	char rx_mode[RTE_ETH_BURST_MODE_INFO_SIZE + 4] = "";
	char tx_mode[RTE_ETH_BURST_MODE_INFO_SIZE + 4] = "";

	if (rte_eth_rx_burst_mode_get(port, 0, &mode) == 0)
		snprintf(rx_mode, sizeof(rx_mode), " (%s)", mode.info);
	if (rte_eth_tx_burst_mode_get(port, 0, &mode) == 0)
		snprintf(tx_mode, sizeof(tx_mode), " (%s)", mode.info);
	snprintf(names, size, "%s%s, %s%s", rx, rx_mode, tx, tx_mode);
}

/*
 * Buffers that hold the largest frame whole, in steps of the device's buffer size: only so are the
 * fastest functions to be had for jumbo frames, too.
 */
static uint16_t data_room(const struct config *config)
{
	/* The driver asks for room for two VLAN tags. */
	uint32_t frame = RTE_ALIGN_CEIL(config->max_frame + 2 * RTE_VLAN_HLEN, 1024);

	return RTE_PKTMBUF_HEADROOM + RTE_MAX(frame, (uint32_t)RTE_MBUF_DEFAULT_DATAROOM);
}

/* Buffers for full rings, for caches, which may hold half as much again, and for bursts. */
static void make_pool(const struct config *config)
{
	uint32_t rings = 2 * config->ports * config->queues * config->ring;
	uint32_t buffers = rings + rte_lcore_count() * (CACHE + CACHE / 2 + MAX_BURST);

	pool = rte_pktmbuf_pool_create("packets", buffers, CACHE, 0, data_room(config),
				       rte_socket_id());
	if (pool == NULL)
		failed("a mempool of %u buffers of %u bytes: %s: set more hugepages", buffers,
		       data_room(config), rte_strerror(rte_errno));
}

static void start_port(uint16_t port, const struct config *config, const struct path *path)
{
	struct rte_eth_conf conf = { .txmode = { .offloads = path->tx_offloads } };
	struct rte_eth_dev_info info;
	int socket = rte_eth_dev_socket_id(port);

	check(rte_eth_dev_info_get(port, &info), "rte_eth_dev_info_get", port);
	if (config->offloads)
		conf.rxmode.offloads = RTE_ETH_RX_OFFLOAD_CHECKSUM | RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
	if (config->max_frame > RTE_ETHER_MAX_LEN)
		conf.rxmode.mtu = config->max_frame - RTE_ETHER_HDR_LEN - RTE_ETHER_CRC_LEN;
	if (config->queues > 1) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf =
			(RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP) & info.flow_type_rss_offloads;
	}
	check(rte_eth_dev_configure(port, config->queues, config->queues, &conf),
	      "rte_eth_dev_configure", port);
	for (uint16_t queue = 0; queue < config->queues; queue++) {
		struct lane *lane = &lanes[lane_count++];

		lane->port = port;
		lane->queue = queue;
		lane->frame = config->max_frame - RTE_ETHER_CRC_LEN;
		check(rte_eth_macaddr_get(port, &lane->mac), "rte_eth_macaddr_get", port);
		check(rte_eth_rx_queue_setup(port, queue, config->ring, socket, NULL, pool),
		      "rte_eth_rx_queue_setup", port);
		check(rte_eth_tx_queue_setup(port, queue, config->ring, socket, NULL),
		      "rte_eth_tx_queue_setup", port);
	}
	check(rte_eth_dev_start(port), "rte_eth_dev_start", port);
}

/* Starts a port while the driver's log is listened to, and leaves the names of its functions. */
static void start_known_port(uint16_t port, const struct config *config, const struct path *path,
			     char *names, size_t size)
{
	const char *rx, *tx;
	char *log = NULL;
	size_t log_size;
	FILE *stream = open_memstream(&log, &log_size);

	if (stream == NULL)
		failed("open_memstream");
	rte_openlog_stream(stream);
	rte_log_set_level_pattern(DRIVER_LOG, RTE_LOG_DEBUG);
	start_port(port, config, path);
	rte_log_set_level_pattern(DRIVER_LOG, RTE_LOG_NOTICE);
	rte_openlog_stream(NULL);
	fclose(stream);

	rx = last_said(log, rx_sayings, RTE_DIM(rx_sayings));
	tx = last_said(log, tx_sayings, RTE_DIM(tx_sayings));
	if (rx == NULL || tx == NULL) {
		fputs(log, stderr);
		failed("port %u: the driver does not say which burst functions it uses", port);
	}
	if (strcmp(rx, path->rx) != 0 || strcmp(tx, path->tx) != 0)
		failed("port %u: the driver uses %s and %s, and not %s and %s as the %s path does",
		       port, rx, tx, path->rx, path->tx, path->name);
	name_functions(names, size, rx, tx, port);
	free(log);
}

const char *start_ports(const struct config *config)
{
	static char names[256];
	const struct path *path = find_path(config->path);
	uint16_t port, found = rte_eth_dev_count_avail();

	ring = config->ring;
	if (found != config->ports)
		failed("DPDK has found %u of %u VFs; its log is on standard error", found,
		       config->ports);
	make_pool(config);
	RTE_ETH_FOREACH_DEV(port)
		start_known_port(port, config, path, names, sizeof(names));
	return names;
}

uint16_t ring_length(void)
{
	return ring;
}

unsigned int lanes_of_port(void)
{
	return lane_count / rte_eth_dev_count_avail();
}

void make_packets(struct lane *lane, uint16_t burst)
{
	/* Between addresses that RFC 2544 sets aside, to the discard port. */
	const struct rte_ether_hdr ethernet = {
		.dst_addr = { { 2 } },
		.src_addr = lane->mac,
		.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4),
	};
	const struct rte_ipv4_hdr ip = {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16(lane->frame - sizeof(ethernet)),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_UDP,
		.src_addr = RTE_BE32(RTE_IPV4(198, 18, 0, 1)),
		.dst_addr = RTE_BE32(RTE_IPV4(198, 18, 0, 2)),
	};
	const struct rte_udp_hdr udp = {
		.src_port = RTE_BE16(49152),
		.dst_port = RTE_BE16(9),
		.dgram_len = rte_cpu_to_be_16(lane->frame - sizeof(ethernet) - sizeof(ip)),
	};

	if (rte_pktmbuf_alloc_bulk(pool, lane->packets, burst) != 0)
		failed("the mempool is empty");
	for (uint16_t i = 0; i < burst; i++) {
		struct rte_mbuf *packet = lane->packets[i];
		char *data = rte_pktmbuf_mtod(packet, char *);

		packet->data_len = lane->frame;
		packet->pkt_len = lane->frame;
		memcpy(data, &ethernet, sizeof(ethernet));
		memcpy(data + sizeof(ethernet), &ip, sizeof(ip));
		memcpy(data + sizeof(ethernet) + sizeof(ip), &udp, sizeof(udp));
	}
	lane->count = burst;
	lane->sent = 0;
}

uint16_t free_packets(struct lane *lane)
{
	uint16_t count = lane->count;

	rte_pktmbuf_free_bulk(lane->packets, count);
	lane->count = lane->sent = 0;
	return count;
}

void drop_rest(struct lane *lane)
{
	rte_pktmbuf_free_bulk(lane->packets + lane->sent, lane->count - lane->sent);
	lane->count = lane->sent = 0;
}

void close_ports(void)
{
	uint16_t port;

	RTE_ETH_FOREACH_DEV(port) {
		check(rte_eth_dev_stop(port), "rte_eth_dev_stop", port);
		check(rte_eth_dev_close(port), "rte_eth_dev_close", port);
	}
}
