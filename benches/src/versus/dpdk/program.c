/*
 * DPDK's side of `barline versus`: a program as a tuned application would be, that measures what
 * the driver costs it and says so to its parent.
 *
 *     program EAL-OPTIONS -- --path vector|scalar|full --ports N --ring N --queues N
 *                            --max-frame N [--offloads]
 *
 * The main lcore drives all queues of all ports. A second lcore, if there is one, moves the device
 * or takes half of the queues, when asked to, and sleeps otherwise. What the parent and the program
 * say to each other is described in protocol.rs: lines on standard input and output. DPDK's log
 * goes to standard error.
 */

#define _GNU_SOURCE /* RTLD_NEXT */

#include <dlfcn.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_cpuflags.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_version.h>

#include "device.h"
#include "measure.h"
#include "ports.h"

/* Where answers go: what standard output was, so that nothing that DPDK prints is taken for one. */
static FILE *answers;

void failed(const char *format, ...)
{
	va_list arguments;

	fputs("failed ", answers);
	va_start(arguments, format);
	vfprintf(answers, format, arguments);
	va_end(arguments);
	fputc('\n', answers);
	fflush(answers);
	exit(EXIT_FAILURE);
}

/*
 * Where the processor has MOVDIRI, DPDK rings transmit doorbells with it. That is right for a
 * register of a device, but the software adapter's are ordinary memory, which MOVDIRI throws out of
 * the cache: DPDK would take twice as long here for what it does not pay on silicon. So it is not
 * told of that instruction. The program exports this function, and the driver's call comes here.
 */
static unsigned int movdiri_asked;

static int real_flag(enum rte_cpu_flag_t feature)
{
	static int (*real)(enum rte_cpu_flag_t);

	if (real == NULL)
		real = (int (*)(enum rte_cpu_flag_t))dlsym(RTLD_NEXT, "rte_cpu_get_flag_enabled");
	return real(feature);
}

int rte_cpu_get_flag_enabled(enum rte_cpu_flag_t feature)
{
#ifdef RTE_ARCH_X86
	if (feature == RTE_CPUFLAG_MOVDIRI) {
		movdiri_asked++;
		return 0;
	}
#endif
	return real_flag(feature);
}

/* The driver asks when it rings its first transmit doorbell, if it asks here. */
static void check_movdiri(void)
{
#ifdef RTE_ARCH_X86
	if (real_flag(RTE_CPUFLAG_MOVDIRI) == 1 && movdiri_asked == 0)
		failed("MOVDIRI is not hidden from DPDK, which would seem slower than it is");
#endif
}

static uint64_t microseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * UINT64_C(1000000) + time.tv_nsec / 1000;
}

/* KiB of memory in use by this process; hugepages are not in VmRSS. */
static uint64_t resident(void)
{
	char line[256];
	uint64_t sum = 0, kib;
	FILE *status = fopen("/proc/self/status", "r");

	if (status == NULL)
		failed("/proc/self/status cannot be read");
	while (fgets(line, sizeof(line), status) != NULL)
		if (sscanf(line, "VmRSS: %" SCNu64, &kib) == 1 ||
		    sscanf(line, "HugetlbPages: %" SCNu64, &kib) == 1)
			sum += kib;
	fclose(status);
	return sum;
}

/* A number of an argument or an order. */
static unsigned int number(const char *text, unsigned int least, unsigned int most)
{
	char *rest;
	unsigned long value = strtoul(text, &rest, 10);

	if (*text == '\0' || *rest != '\0' || value < least || value > most)
		failed("`%s`: expected %u to %u", text, least, most);
	return value;
}

static struct config read_arguments(int argc, char **argv)
{
	static const struct option options[] = {
		{ "path", required_argument, NULL, 'p' },
		{ "ports", required_argument, NULL, 'n' },
		{ "ring", required_argument, NULL, 'r' },
		{ "queues", required_argument, NULL, 'q' },
		{ "max-frame", required_argument, NULL, 'm' },
		{ "offloads", no_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	struct config config = {
		.path = "vector", .ports = 1, .ring = 512, .queues = 1, .max_frame = 64
	};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 'p':
			config.path = optarg;
			break;
		case 'n':
			config.ports = number(optarg, 1, RTE_MAX_ETHPORTS);
			break;
		case 'r':
			config.ring = number(optarg, 64, 4096);
			break;
		case 'q':
			config.queues = number(optarg, 1, MAX_QUEUES);
			break;
		case 'm':
			config.max_frame = number(optarg, 64, 9018);
			break;
		case 'o':
			config.offloads = true;
			break;
		default:
			failed("wrong arguments");
		}
	return config;
}

static const char *const modes[] = { "rx", "tx", "fwd", "fwd_mac", "fwd_offload" };
static const char *const placements[] = { "local", "remote", "cold", "split" };

/* The next word of an order, as its place in a list. */
static unsigned int next_word(const char *const words[], unsigned int count)
{
	const char *text = strtok(NULL, " \n");

	for (unsigned int i = 0; i < count; i++)
		if (text != NULL && strcmp(text, words[i]) == 0)
			return i;
	failed("`%s` is no mode or placement", text != NULL ? text : "");
}

static unsigned int next_number(unsigned int least, unsigned int most)
{
	const char *text = strtok(NULL, " \n");

	return number(text != NULL ? text : "", least, most);
}

static void answer_slot(const struct config *config)
{
	enum mode mode = next_word(modes, RTE_DIM(modes));
	uint16_t burst = next_number(1, MAX_BURST);
	enum placement placement = next_word(placements, RTE_DIM(placements));

	if (mode == FWD_OFFLOAD && !(config->offloads && strcmp(config->path, "full") == 0))
		failed("fwd_offload takes the full path, with offloads");
	measure_slot(mode, burst, placement, next_number(1, UINT32_MAX));
	fputs("slot {\"samples\":[", answers);
	for (size_t i = 0; i < report.count; i++)
		fprintf(answers, "%s%.3f", i > 0 ? "," : "", report.samples[i]);
	fprintf(answers, "],\"frames\":%" PRIu64 ",\"lost\":%" PRIu64 "}\n", report.frames,
		report.lost);
}

static void answer_rate(void)
{
	enum mode mode = next_word(modes, RTE_DIM(modes));
	uint16_t burst = next_number(1, MAX_BURST);

	measure_rate(mode, burst, next_number(1, UINT32_MAX));
	fprintf(answers,
		"rate {\"frames\":%" PRIu64 ",\"nanoseconds\":%" PRIu64 ",\"lost\":%" PRIu64 "}\n",
		report.frames, report.nanoseconds, report.lost);
}

static void answer_latency(void)
{
	measure_latency(next_number(1, UINT32_MAX));
	fputs("latency {\"round_trips\":[", answers);
	for (size_t i = 0; i < report.count; i++)
		fprintf(answers, "%s%" PRIu64, i > 0 ? "," : "", report.round_trips[i]);
	fprintf(answers, "],\"lost\":%" PRIu64 "}\n", report.lost);
}

/* Does what the parent says, until it says that this is all, or is gone. */
static void obey(const struct config *config)
{
	char line[256];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		const char *order = strtok(line, " \n");

		if (order == NULL)
			failed("an empty line is no order");
		if (strcmp(order, "quit") == 0)
			return;
		if (strcmp(order, "slot") == 0)
			answer_slot(config);
		else if (strcmp(order, "rate") == 0)
			answer_rate();
		else if (strcmp(order, "latency") == 0)
			answer_latency();
		else
			failed("`%s` is no order", order);
		fflush(answers);
	}
}

int main(int argc, char **argv)
{
	uint64_t begun = microseconds(), started;
	struct config config;
	const char *functions;
	int eal;

	answers = fdopen(dup(STDOUT_FILENO), "w");
	if (answers == NULL || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return EXIT_FAILURE;
	eal = rte_eal_init(argc, argv);
	if (eal < 0)
		failed("rte_eal_init: %s; its log is on standard error", rte_strerror(rte_errno));
	config = read_arguments(argc - eal, argv + eal);
	find_device();
	functions = start_ports(&config);
	receive_first();
	started = microseconds() - begun;
	send_first_back();
	check_movdiri();
	prepare_measuring();
	fprintf(answers,
		"ready {\"functions\":\"%s\",\"version\":\"%s\",\"tsc_hz\":%" PRIu64
		",\"started_us\":%" PRIu64 ",\"resident_kib\":%" PRIu64 ",\"movdiri_asked\":%u}\n",
		functions, rte_version(), rte_get_tsc_hz(), started, resident(), movdiri_asked);
	fflush(answers);
	obey(&config);
	close_ports();
	rte_eal_cleanup();
	return EXIT_SUCCESS;
}
