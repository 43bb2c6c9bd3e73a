/*
 * The library that stands in for VFIO moves the software adapter. It is preloaded, so its functions
 * are found by name.
 */

#include <dlfcn.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <sys/types.h>

#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include "device.h"
#include "ports.h"

static ssize_t (*soft_feed)(unsigned int frames);
static ssize_t (*soft_chill)(void);
static int (*soft_tally)(uint64_t *delivered, uint64_t *taken);

struct meeting meeting;

/* Rounds that the main lcore has begun, and the other one has done. */
static struct {
	alignas(RTE_CACHE_LINE_SIZE) atomic_uint_fast64_t begun;
	atomic_bool over;
	alignas(RTE_CACHE_LINE_SIZE) atomic_uint_fast64_t done;
} rounds;

static void *find(const char *name)
{
	void *function = dlsym(RTLD_DEFAULT, name);

	if (function == NULL)
		failed("no %s: this program runs on barline's software adapter", name);
	return function;
}

void find_device(void)
{
	soft_feed = find("barline_soft_feed");
	soft_chill = find("barline_soft_chill");
	soft_tally = find("barline_soft_tally");
}

uint64_t feed(unsigned int frames)
{
	ssize_t delivered = soft_feed(frames);

	if (delivered < 0)
		failed("the software adapter does not move for this program");
	return delivered;
}

struct tally tally(void)
{
	struct tally tally;

	if (soft_tally(&tally.delivered, &tally.taken) < 0)
		failed("the software adapter does not count for this program");
	return tally;
}

uint64_t turn(enum placement placement, unsigned int frames)
{
	uint64_t delivered;

	if (placement == REMOTE) {
		meeting.frames = frames;
		begin_round();
		await_round();
		return meeting.count;
	}
	delivered = feed(frames);
	if (placement == COLD && soft_chill() < 0)
		failed("the software adapter cannot be taken out of the caches on this machine");
	return delivered;
}

void meet_other(int (*function)(void *))
{
	unsigned int lcore = rte_get_next_lcore(-1, 1, 0);

	if (lcore == RTE_MAX_LCORE)
		failed("this takes a second core, and there is none");
	atomic_store(&rounds.begun, 0);
	atomic_store(&rounds.done, 0);
	atomic_store(&rounds.over, false);
	if (rte_eal_remote_launch(function, NULL, lcore) != 0)
		failed("the other lcore is busy");
}

void leave_other(void)
{
	atomic_store(&rounds.over, true);
	rte_eal_mp_wait_lcore();
}

bool is_met(void)
{
	return !atomic_load_explicit(&rounds.over, memory_order_acquire);
}

void begin_round(void)
{
	uint64_t round = atomic_load_explicit(&rounds.begun, memory_order_relaxed) + 1;

	atomic_store_explicit(&rounds.begun, round, memory_order_release);
}

void await_round(void)
{
	uint64_t round = atomic_load_explicit(&rounds.begun, memory_order_relaxed);

	while (atomic_load_explicit(&rounds.done, memory_order_acquire) != round)
		rte_pause();
}

void serve_rounds(void (*serve)(void))
{
	uint64_t done = 0;

	while (is_met()) {
		if (atomic_load_explicit(&rounds.begun, memory_order_acquire) == done) {
			rte_pause();
			continue;
		}
		serve();
		atomic_store_explicit(&rounds.done, ++done, memory_order_release);
	}
}

static void serve_feed(void)
{
	meeting.count = feed(meeting.frames);
}

int serve_feeds(__rte_unused void *unused)
{
	serve_rounds(serve_feed);
	return 0;
}
