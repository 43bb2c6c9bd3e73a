/*
 * The measurements: rounds in which the device takes its turn, untimed, and then the driver's calls
 * are timed, each on its own.
 */

#include <stdbool.h>

#include <rte_ethdev.h>

#include "burst.h"
#include "device.h"
#include "measure.h"
#include "ports.h"

/* Frames of a sample at least: what happens once in 32 or 64 of them is never left out. */
#define SAMPLE 2048
/* Packets of a window at most, or those of one burst: what a loop does before the device's turn. */
#define WINDOW 256u
/* Pairs of readings of the clock in a row, and rows of which the cheapest counts. */
#define PAIRS 1000
#define ROWS 20
#define WARM_UP 1000 /* us */
/* Rounds in which nothing comes, or nothing is taken, before something is wrong. */
#define PATIENCE 1000
#define TRIP_PATIENCE 10000000
/* How long packets may take to come, in seconds. */
#define LIMIT 10u

struct report report;
uint64_t empty_pair;

/* The same, compiled for each mode by itself. */
static int64_t work_in(enum mode mode, struct lane *lane, uint16_t burst, unsigned int window)
{
	switch (mode) {
	case RX:
		return work(lane, RX, burst, window);
	case TX:
		return work(lane, TX, burst, window);
	case FWD:
		return work(lane, FWD, burst, window);
	case FWD_MAC:
		return work(lane, FWD_MAC, burst, window);
	case FWD_OFFLOAD:
		return work(lane, FWD_OFFLOAD, burst, window);
	}
	return 0;
}

/* Sends what found no room, each time after a turn of the device; timed, too. */
static int64_t send_rest(struct lane *lane, enum placement placement)
{
	int64_t cycles = 0;
	uint64_t start;
	uint16_t sent;

	for (unsigned int tries = 0; lane->sent < lane->count; tries++) {
		if (tries == PATIENCE)
			failed("port %u: nothing that is sent is taken", lane->port);
		turn(placement, 0);
		start = now();
		sent = rte_eth_tx_burst(lane->port, lane->queue, lane->packets + lane->sent,
					lane->count - lane->sent);
		cycles += since(start);
		lane->sent += sent;
		lane->sent_total += sent;
	}
	return cycles;
}

/* ---- Books: what the program has counted, to be compared with what the device has
 * -------------------------- */

static struct tally opened;

static void drop_all(void)
{
	for (unsigned int i = 0; i < lane_count; i++)
		drop_rest(&lanes[i]);
}

/* Takes what is on its way, in both directions. */
static void drain(void)
{
	feed(0);
	for (unsigned int i = 0; i < lane_count; i++) {
		do
			work(&lanes[i], RX, MOST, 1);
		while (free_packets(&lanes[i]) > 0);
	}
}

static void open_books(void)
{
	drain();
	for (unsigned int i = 0; i < lane_count; i++)
		lanes[i].received_total = lanes[i].sent_total = 0;
	opened = tally();
}

static uint64_t difference(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static void close_books(void)
{
	uint64_t received = 0, sent = 0;
	struct tally closed;

	drain();
	closed = tally();
	for (unsigned int i = 0; i < lane_count; i++) {
		received += lanes[i].received_total;
		sent += lanes[i].sent_total;
	}
	report.lost = difference(closed.delivered - opened.delivered, received) +
		      difference(closed.taken - opened.taken, sent);
}

/* ---- Slots ------------------------------------------------------------------------------------
 */

/* The sample that is being taken, and when the slot is warm and over. */
static int64_t sample_cycles;
static uint64_t sample_frames, warm, end;

static uint64_t cycles_of(uint32_t microseconds)
{
	return rte_get_tsc_hz() / 1000 * microseconds / 1000;
}

static void begin_slot(uint32_t microseconds)
{
	sample_cycles = sample_frames = 0;
	report.count = report.frames = 0;
	warm = now() + cycles_of(WARM_UP);
	end = warm + cycles_of(microseconds);
}

/* Ends a round; false when it was the last one. However slow the machine is, there is a sample. */
static bool go_on(void)
{
	uint64_t cycles = now();

	if (report.count == 0 && cycles > end + rte_get_tsc_hz() * LIMIT)
		failed("no %u packets have come or gone within %u s", SAMPLE, LIMIT);
	if (cycles < warm) {
		sample_cycles = sample_frames = 0;
		return true;
	}
	if (sample_frames >= SAMPLE) {
		report.samples[report.count++] = (double)sample_cycles / sample_frames;
		report.frames += sample_frames;
		sample_cycles = sample_frames = 0;
	}
	return report.count == 0 || (cycles < end && report.count < RTE_DIM(report.samples));
}

/* Bursts of a window. It leaves half of a ring to the device. */
static unsigned int window_of(uint16_t burst)
{
	return RTE_MAX(1u, RTE_MIN(WINDOW, ring_length() / 2u) / burst);
}

/* A window of each lane, in turn; returns how many packets came, or were sent. */
static uint64_t call_lanes(enum mode mode, uint16_t burst, enum placement placement)
{
	unsigned int window = window_of(burst);
	uint64_t count = 0;

	for (unsigned int i = 0; i < lane_count; i++) {
		struct lane *lane = &lanes[i];

		sample_cycles += work_in(mode, lane, burst, window);
		count += lane->moved;
		if (mode == RX)
			free_packets(lane);
		else
			sample_cycles += send_rest(lane, placement);
	}
	sample_frames += count;
	return count;
}

/* Rounds in which packets come: until all that was delivered is there. */
static void receive_rounds(enum mode mode, uint16_t burst, enum placement placement)
{
	do {
		uint64_t left = turn(placement, window_of(burst) * burst * lanes_of_port());

		for (unsigned int tries = 0; left > 0 && tries < PATIENCE; tries++)
			left -= RTE_MIN(left, call_lanes(mode, burst, placement));
	} while (go_on());
}

/* Rounds in which packets are made, and sent. */
static void send_rounds(uint16_t burst, enum placement placement)
{
	do {
		for (unsigned int i = 0; i < lane_count; i++)
			make_packets(&lanes[i], window_of(burst) * burst);
		call_lanes(TX, burst, placement);
		turn(placement, 0);
	} while (go_on());
}

/* Half of the lanes, from one of them on, each until it gives fewer packets than it can. */
static int64_t forward_half(unsigned int first, uint16_t burst, uint64_t *count)
{
	uint16_t received, full = RTE_MIN(burst, MOST);
	int64_t cycles = 0;

	*count = 0;
	for (unsigned int i = first; i < first + lane_count / 2; i++) {
		do {
			cycles += work(&lanes[i], FWD, burst, 1);
			received = lanes[i].moved;
			*count += received;
			drop_rest(&lanes[i]);
		} while (received >= full);
	}
	return cycles;
}

static void serve_half(void)
{
	meeting.cycles = forward_half(lane_count / 2, meeting.frames, &meeting.count);
}

static int serve_halves(__rte_unused void *unused)
{
	serve_rounds(serve_half);
	return 0;
}

/* Rounds of two lcores at once, each with half of a port's queues. */
static void split_rounds(uint16_t burst)
{
	uint64_t count;

	meeting.frames = burst;
	meet_other(serve_halves);
	do {
		feed(burst * lane_count);
		begin_round();
		sample_cycles += forward_half(0, burst, &count);
		await_round();
		sample_cycles += meeting.cycles;
		sample_frames += count + meeting.count;
	} while (go_on());
	leave_other();
}

void measure_slot(enum mode mode, uint16_t burst, enum placement placement, uint32_t microseconds)
{
	if (placement == SPLIT &&
	    (mode != FWD || lane_count % 2 != 0 || lanes_of_port() != lane_count))
		failed("split: forwarding over two or four queues of one VF is what can be "
		       "divided");
	open_books();
	begin_slot(microseconds);
	if (placement == SPLIT) {
		split_rounds(burst);
	} else {
		if (placement == REMOTE)
			meet_other(serve_feeds);
		if (mode == TX)
			send_rounds(burst, placement);
		else
			receive_rounds(mode, burst, placement);
		if (placement == REMOTE)
			leave_other();
	}
	close_books();
}

/* ---- Beside the device, which moves on the other lcore all the time
 * ----------------------------------------- */

/* What the other lcore is to do: frames of each turn, cycles from when on and until when trips
 * count. */
static unsigned int turn_frames;

static int feed_freely(__rte_unused void *unused)
{
	while (is_met())
		feed(turn_frames);
	return 0;
}

/* One burst, not timed. What found no room is sent first the next time. */
static void run_lane(enum mode mode, struct lane *lane, uint16_t burst)
{
	uint16_t sent;

	if (lane->sent == lane->count) {
		lane->sent = 0;
		if (mode == TX) {
			make_packets(lane, burst);
		} else {
			lane->count = rte_eth_rx_burst(lane->port, lane->queue, lane->packets,
						       RTE_MAX(burst, LEAST));
			lane->received_total += lane->count;
		}
	}
	if (mode == RX) {
		free_packets(lane);
		return;
	}
	sent = rte_eth_tx_burst(lane->port, lane->queue, lane->packets + lane->sent,
				lane->count - lane->sent);
	lane->sent += sent;
	lane->sent_total += sent;
}

static void run_lanes(enum mode mode, uint16_t burst)
{
	for (unsigned int i = 0; i < lane_count; i++)
		run_lane(mode, &lanes[i], burst);
}

/* Frames that went all of their way so far. */
static uint64_t through(enum mode mode)
{
	uint64_t frames = 0;

	for (unsigned int i = 0; i < lane_count; i++)
		frames += mode == RX ? lanes[i].received_total : lanes[i].sent_total;
	return frames;
}

void measure_rate(enum mode mode, uint16_t burst, uint32_t microseconds)
{
	uint64_t start, before, cycles;

	if (mode != RX && mode != TX && mode != FWD)
		failed("a rate is of rx, tx or fwd");
	open_books();
	turn_frames = mode == TX ? 0 : burst * lanes_of_port();
	meet_other(feed_freely);
	for (start = now(); now() - start < cycles_of(WARM_UP);)
		run_lanes(mode, burst);
	before = through(mode);
	start = now();
	do {
		run_lanes(mode, burst);
		cycles = now() - start;
	} while (cycles < cycles_of(microseconds));
	report.frames = through(mode) - before;
	report.nanoseconds = (double)cycles / rte_get_tsc_hz() * 1e9;
	leave_other();
	drop_all();
	close_books();
}

static uint64_t trips_warm, trips_end;

/* On the other lcore: one frame at a time, delivered and taken back. */
static int time_trips(__rte_unused void *unused)
{
	uint64_t start, taken;
	unsigned int tries;

	for (report.count = 0;
	     report.count < RTE_DIM(report.round_trips) && (start = now()) < trips_end;) {
		taken = tally().taken;
		start = now();
		feed(1);
		for (tries = 0; tally().taken == taken; tries++) {
			if (tries == TRIP_PATIENCE)
				failed("a frame was delivered and never sent back");
			feed(0);
		}
		if (start >= trips_warm)
			report.round_trips[report.count++] = now() - start;
	}
	return 0;
}

void measure_latency(uint32_t microseconds)
{
	unsigned int other = rte_get_next_lcore(-1, 1, 0);

	if (lane_count != 1)
		failed("latency: one VF with one queue is what is timed");
	open_books();
	trips_warm = now() + cycles_of(WARM_UP);
	trips_end = trips_warm + cycles_of(microseconds);
	meet_other(time_trips);
	while (rte_eal_get_lcore_state(other) == RUNNING)
		run_lanes(FWD, MOST);
	leave_other();
	drop_all();
	close_books();
}

/* ---- Before all of these
 * ----------------------------------------------------------------------------------- */

void prepare_measuring(void)
{
	uint64_t start, sum;

	empty_pair = UINT64_MAX;
	for (unsigned int row = 0; row < ROWS; row++) {
		sum = 0;
		for (unsigned int i = 0; i < PAIRS; i++) {
			start = now();
			sum += now() - start;
		}
		empty_pair = RTE_MIN(empty_pair, sum / PAIRS);
	}
}

void receive_first(void)
{
	uint64_t start = now();

	do {
		if (now() - start > rte_get_tsc_hz() * LIMIT)
			failed("no packet has come within %u s", LIMIT);
		feed(1);
		work(&lanes[0], RX, MOST, 1);
	} while (lanes[0].count == 0);
}

void send_first_back(void)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(
		lanes[0].packets[0], struct rte_ipv4_hdr *, RTE_ETHER_HDR_LEN);

	if (pseudo_header_sum(ip) != rte_ipv4_phdr_cksum(ip, 0))
		failed("the first packet is none that this program computes checksums for");
	if (rte_eth_tx_burst(lanes[0].port, lanes[0].queue, lanes[0].packets, lanes[0].count) !=
	    lanes[0].count)
		failed("the first packet could not be sent back");
	lanes[0].count = 0;
	drain();
}
