/*
 * The software adapter, which moves when it is told to, and the other lcore, which may tell it.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdbool.h>
#include <stdint.h>

/* Where rings and data were before each burst. */
enum placement {
	LOCAL,	/* in the cache of the lcore that drives the queue */
	REMOTE, /* last written by the other lcore */
	COLD,	/* in no cache */
	SPLIT,	/* the queues are divided between both lcores */
};

/* What the device has counted for the VFs of this process, ever. */
struct tally {
	uint64_t delivered, taken;
};

/* Finds the functions that move the device. */
void find_device(void);

/*
 * Delivers so many frames to each VF, fewer where a ring has no room, and takes all that is queued
 * to be sent. Returns how many it delivered.
 */
uint64_t feed(unsigned int frames);

struct tally tally(void);

/* The device's turn between bursts: feed(), and what the placement says of lcores and caches. */
uint64_t turn(enum placement placement, unsigned int frames);

/*
 * What the main lcore and the other one exchange. In rounds, the main one writes the first half
 * before begin_round(), and the other one the second half before it is done.
 */
struct meeting {
	unsigned int frames; /* to be fed, or packets of a burst */
	uint64_t count;	     /* frames that were fed, or packets received */
	int64_t cycles;	     /* that these took */
};
extern struct meeting meeting;

/* Has the other lcore run a function until leave_other(). Otherwise it sleeps. */
void meet_other(int (*function)(void *));
void leave_other(void);

/* On the other lcore: whether it is to go on. */
bool is_met(void);

/* Has it do what it does in a round, and waits until it is done. */
void begin_round(void);
void await_round(void);

/* On the other lcore: functions to meet it with. */
int serve_feeds(void *unused);		/* turns, as they are asked for */
void serve_rounds(void (*serve)(void)); /* rounds of any kind */

#endif
