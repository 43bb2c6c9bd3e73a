/*
 * What a parent can ask for, and what comes out of it.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stddef.h>
#include <stdint.h>

#include "device.h"

enum mode { RX, TX, FWD, FWD_MAC, FWD_OFFLOAD };

/* Results of one kind or the other. */
struct report {
	double samples[1 << 16];       /* cycles a frame */
	uint64_t round_trips[1 << 14]; /* cycles */
	size_t count;		       /* of these */
	uint64_t frames;
	uint64_t nanoseconds;
	uint64_t lost; /* frames that only one of device and program has counted */
};
extern struct report report;

/* Has the device deliver until the first port has received a packet. */
void receive_first(void);

/* Sends that packet back, when what is known of packets was checked with it. */
void send_first_back(void);

/* Measures what reading the clock costs. To be called before all of these. */
void prepare_measuring(void);

/* Each warms up for 1 ms, measures for so many microseconds, and leaves its results in `report`. */
void measure_slot(enum mode mode, uint16_t burst, enum placement placement, uint32_t microseconds);
void measure_rate(enum mode mode, uint16_t burst, uint32_t microseconds);
void measure_latency(uint32_t microseconds);

#endif
