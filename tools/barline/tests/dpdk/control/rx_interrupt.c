/*
 * Sleeps until a packet comes: the receive interrupt of the first port, by DPDK's public functions.
 *
 *     rx_interrupt EAL-OPTIONS -- FRAMES [INTERVAL]
 *
 * Every packet must bring it out of rte_epoll_wait by itself: nothing is polled between the moment when the
 * interrupt is let through and the wake-up. It says how many packets it has after each wake-up, for whoever
 * sends the next one only then.
 *
 * INTERVAL is that of the receive queue's vector in microseconds, for which DPDK has no function: it writes
 * the register (VTEITR1) where DPDK has mapped it.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_interrupts.h>
#include <rte_mbuf.h>

#define PORT 0
#define QUEUE 0
#define BURST 32
/* Descriptors of each ring, and buffers: the rings', what the pool keeps, a burst. */
#define RING 512
#define BUFFERS 4095
/* How long no packet is a packet lost, in milliseconds. */
#define PATIENCE 20000

/* Where each frame has its number, of 32 bits: behind the Ethernet header. */
#define NUMBER_AT 14

#define VTEITR1 0x824
#define PAGE 0x1000

static void check(int result, const char *what)
{
	if (result < 0)
		rte_exit(EXIT_FAILURE, "%s: %s\n", what, rte_strerror(-result));
}

/* Nanoseconds. */
static uint64_t now(clockid_t clock)
{
	struct timespec time;

	if (clock_gettime(clock, &time) != 0)
		rte_exit(EXIT_FAILURE, "clock_gettime\n");
	return time.tv_sec * UINT64_C(1000000000) + time.tv_nsec;
}

/*
 * Where DPDK has mapped the registers. Their first page is trapped, so the rest is a mapping by itself, which
 * begins with the file's second page.
 */
static volatile uint32_t *registers(void)
{
	char line[512];
	uintptr_t start, base = 0;
	unsigned long offset;
	FILE *maps = fopen("/proc/self/maps", "r");

	if (maps == NULL)
		rte_exit(EXIT_FAILURE, "/proc/self/maps\n");
	while (base == 0 && fgets(line, sizeof(line), maps) != NULL) {
		if (strstr(line, "/memfd:") != NULL &&
		    sscanf(line, "%" SCNxPTR "-%*x %*4c %lx", &start, &offset) == 2 && offset == PAGE)
			base = start - PAGE;
	}
	fclose(maps);
	if (base == 0)
		rte_exit(EXIT_FAILURE, "no mapped registers\n");
	return (volatile uint32_t *)base;
}

static void start_port(void)
{
	struct rte_eth_conf conf = { .intr_conf = { .rxq = 1 } };
	struct rte_mempool *pool;

	pool = rte_pktmbuf_pool_create("pool", BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, rte_socket_id());
	if (pool == NULL)
		check(-rte_errno, "rte_pktmbuf_pool_create");
	check(rte_eth_dev_configure(PORT, 1, 1, &conf), "rte_eth_dev_configure");
	check(rte_eth_rx_queue_setup(PORT, QUEUE, RING, rte_socket_id(), NULL, pool), "rte_eth_rx_queue_setup");
	check(rte_eth_tx_queue_setup(PORT, QUEUE, RING, rte_socket_id(), NULL), "rte_eth_tx_queue_setup");
	check(rte_eth_dev_start(PORT), "rte_eth_dev_start");
	check(rte_eth_dev_rx_intr_ctl_q(PORT, QUEUE, RTE_EPOLL_PER_THREAD, RTE_INTR_EVENT_ADD, NULL),
	      "rte_eth_dev_rx_intr_ctl_q");
}

/* Takes everything that has come; each frame must be the next one. */
static uint64_t drain(uint64_t next)
{
	struct rte_mbuf *burst[BURST];
	uint16_t i, count;
	uint32_t number;

	while ((count = rte_eth_rx_burst(PORT, QUEUE, burst, BURST)) > 0) {
		for (i = 0; i < count; i++, next++) {
			if (rte_pktmbuf_data_len(burst[i]) < NUMBER_AT + sizeof(number))
				rte_exit(EXIT_FAILURE, "a frame of %u bytes\n", rte_pktmbuf_data_len(burst[i]));
			memcpy(&number, rte_pktmbuf_mtod_offset(burst[i], void *, NUMBER_AT), sizeof(number));
			if (number != next)
				rte_exit(EXIT_FAILURE, "frame %" PRIu32 " instead of %" PRIu64 "\n", number, next);
			rte_pktmbuf_free(burst[i]);
		}
	}
	return next;
}

int main(int argc, char **argv)
{
	struct rte_epoll_event event;
	uint64_t frames, total, before, wakeups = 0, empty = 0;
	uint64_t wall, cpu;
	int eal;

	setvbuf(stdout, NULL, _IOLBF, 0);
	eal = rte_eal_init(argc, argv);
	check(eal, "rte_eal_init");
	if (argc - eal < 2)
		rte_exit(EXIT_FAILURE, "usage: rx_interrupt EAL-OPTIONS -- FRAMES [INTERVAL]\n");
	total = strtoull(argv[eal + 1], NULL, 10);
	start_port();
	if (argc - eal > 2)
		/* In units of 2 us, from bit 3 on. */
		registers()[VTEITR1 / 4] = strtoul(argv[eal + 2], NULL, 10) / 2 << 3;
	printf("ready\n");

	wall = now(CLOCK_MONOTONIC);
	cpu = now(CLOCK_THREAD_CPUTIME_ID);
	for (frames = 0; frames < total; wakeups++) {
		check(rte_eth_dev_rx_intr_enable(PORT, QUEUE), "rte_eth_dev_rx_intr_enable");
		if (rte_epoll_wait(RTE_EPOLL_PER_THREAD, &event, 1, PATIENCE) != 1)
			rte_exit(EXIT_FAILURE, "not woken after %" PRIu64 " frames\n", frames);
		check(rte_eth_dev_rx_intr_disable(PORT, QUEUE), "rte_eth_dev_rx_intr_disable");
		before = frames;
		frames = drain(frames);
		empty += frames == before;
		if (frames != before)
			printf("woken: %" PRIu64 " frames\n", frames);
	}
	printf("frames %" PRIu64 " wakeups %" PRIu64 " empty %" PRIu64 " wall_us %" PRIu64 " cpu_us %" PRIu64 "\n", frames,
	       wakeups, empty, (now(CLOCK_MONOTONIC) - wall) / 1000, (now(CLOCK_THREAD_CPUTIME_ID) - cpu) / 1000);
	check(rte_eth_dev_stop(PORT), "rte_eth_dev_stop");
	check(rte_eth_dev_close(PORT), "rte_eth_dev_close");
	check(rte_eal_cleanup(), "rte_eal_cleanup");
	return 0;
}
