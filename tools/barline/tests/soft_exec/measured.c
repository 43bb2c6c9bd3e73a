/*
 * A program that times its driver: it moves the adapter itself, in measured steps. What is not as it should be is a
 * line on standard error, and an exit status.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONFIG (7LL << 40)
#define IOVA 0x40000000ULL
#define MEMORY (4 << 20)
#define RING 512
#define BURST 32
#define BUFFER 2048
/* In the memory: receive ring, transmit ring, buffers to receive into, a frame to send. */
#define RX 0
#define TX (RING * 16)
#define BUFFERS (1 << 20)
#define FRAME (2 << 20)
#define FRAME_LEN 60
/* Cache lines of both rings and of a burst's frames. */
#define LINES (2 * RING * 16 / 64 + BURST)

#define CHECK(what)                                                                     \
	do {                                                                                \
		if (!(what)) {                                                                  \
			fprintf(stderr, "line %d: %s (errno %d)\n", __LINE__, #what, errno);         \
			_exit(1);                                                                   \
		}                                                                               \
	} while (0)

static ssize_t (*feed)(unsigned frames);
static ssize_t (*chill)(void);
static int (*tally)(uint64_t *delivered, uint64_t *taken);

static volatile uint32_t *registers;
static uint8_t *memory;
static unsigned received, armed, sent;

static void find(void)
{
	feed = dlsym(RTLD_DEFAULT, "barline_soft_feed");
	chill = dlsym(RTLD_DEFAULT, "barline_soft_chill");
	tally = dlsym(RTLD_DEFAULT, "barline_soft_tally");
	CHECK(feed && chill && tally);
}

static void refused(void)
{
	uint64_t delivered = 7, taken = 7;
	CHECK(feed(BURST) == -1 && chill() == -1 && tally(&delivered, &taken) == -1);
	CHECK(delivered == 7 && taken == 7);
}

static void set(unsigned at, uint32_t value)
{
	registers[at / 4] = value;
}

static void ask(const uint32_t *words, unsigned count)
{
	/* VFU; the words; REQ; until PFSTS shows; ACK. */
	set(0x2fc, 4);
	for (unsigned at = 0; at < count; at++)
		set(0x200 + 4 * at, words[at]);
	set(0x2fc, 1);
	while (!(registers[0x2fc / 4] & 0x10))
		CHECK(feed(0) == 0);
	set(0x2fc, 2);
}

static volatile uint64_t *descriptor(unsigned ring, unsigned at)
{
	return (volatile uint64_t *)(memory + ring + at % RING * 16);
}

static void arm(unsigned count)
{
	for (; count > 0; count--, armed++) {
		descriptor(RX, armed)[0] = IOVA + BUFFERS + armed % RING * BUFFER;
		descriptor(RX, armed)[1] = 0;
	}
	__sync_synchronize();
	set(0x1018, armed % RING);
}

/* The container and the device of a VF. */
static void attach(unsigned vf, int *its_container, int *its_device)
{
	char group_node[32], address[32];
	snprintf(group_node, sizeof(group_node), "/dev/vfio/%u", vf + 1);
	snprintf(address, sizeof(address), "0000:01:10.%u", 2 * vf);
	int container, group, device;
	CHECK((container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC)) >= 0);
	CHECK((group = open(group_node, O_RDWR | O_CLOEXEC)) >= 0);
	CHECK(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) == 0);
	refused();
	CHECK(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) == 0);
	CHECK((device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, address)) >= 0);
	*its_container = container;
	*its_device = device;
}

static void open_vf(unsigned vf)
{
	int container, device;
	attach(vf, &container, &device);
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	registers = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
	CHECK(memory != MAP_FAILED && registers != MAP_FAILED);
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory,
		.iova = IOVA,
		.size = MEMORY,
	};
	CHECK(ioctl(container, VFIO_IOMMU_MAP_DMA, &map) == 0);
	CHECK(pwrite(device, "\6", 2, CONFIG + 4) == 2);
	set(0, 1 << 26);
	while (registers[0x2fc / 4] & 0xc0)
		;
	ask((uint32_t[]){1}, 1);
	ask((uint32_t[]){8, 2}, 2);
	ask((uint32_t[]){5, 1518}, 2);
	/* Rings: base, length, head, tail; SRRCTL; on. */
	const struct { unsigned at, value; } setup[] = {
		{0x1000, IOVA + RX}, {0x1004, 0}, {0x1008, RING * 16}, {0x1010, 0}, {0x1018, 0},
		{0x1014, 1 << 25 | BUFFER / 1024}, {0x1028, 1 << 25},
		{0x2000, IOVA + TX}, {0x2004, 0}, {0x2008, RING * 16}, {0x2010, 0}, {0x2018, 0},
		{0x2028, 1 << 25},
	};
	for (unsigned n = 0; n < sizeof(setup) / sizeof(setup[0]); n++)
		set(setup[n].at, setup[n].value);
	received = armed = sent = 0;
	arm(RING - 1);
	/* To nobody here, so to the wire, from the VF's own address. */
	memcpy(memory + FRAME, (uint8_t[]){2, 0, 0, 0, 0, 1, 2, 0x82, 0x59, 0x90, 0, vf, 0x88, 0xb5}, 14);
}

static void send(unsigned count)
{
	for (; count > 0; count--, sent++) {
		/* Data, DEXT, IFCS, EOP, RS. */
		descriptor(TX, sent)[0] = IOVA + FRAME;
		descriptor(TX, sent)[1] =
			(uint64_t)FRAME_LEN << 46 | 1 << 29 | 1 << 27 | 1 << 25 | 1 << 24 | 3 << 20 | FRAME_LEN;
	}
	__sync_synchronize();
	set(0x2018, sent % RING);
}

/* A burst comes, what was sent is gone. */
static void round_trip(void)
{
	send(BURST);
	CHECK(feed(BURST) == BURST);
	for (unsigned n = 0; n < BURST; n++, received++) {
		CHECK(descriptor(RX, received)[1] == (descriptor(RX, received)[1] & ~1ULL) + 1);
		CHECK(descriptor(RX, received)[1] >> 32 == FRAME_LEN);
		uint8_t *frame = memory + BUFFERS + received % RING * BUFFER;
		CHECK(memcmp(frame, memory + FRAME + 6, 6) == 0 && memcmp(frame + 42, "sgen", 4) == 0);
	}
	CHECK(descriptor(TX, sent - 1)[1] >> 32 == 1);
	ssize_t lines = chill();
#ifdef __x86_64__
	CHECK(lines == LINES);
#else
	CHECK(lines == -1);
#endif
	arm(BURST);
}

static void counted(uint64_t rounds)
{
	uint64_t delivered, taken;
	CHECK(tally(&delivered, &taken) == 0 && tally(NULL, NULL) == 0);
	CHECK(delivered == rounds * BURST && taken == rounds * BURST);
}

static void *in_thread(void *unused)
{
	for (unsigned n = 0; n < 100; n++)
		round_trip();
	return unused;
}

/* From now on any other call than these kills: asking the time, which most kernels need not be called for, and
 * saying what went wrong. */
static void forbid_calls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

int main(int count, char **arguments)
{
	find();
	refused();
	if (count > 1 && strcmp(arguments[1], "thread") == 0) {
		int container, device;
		attach(0, &container, &device);
		refused();
		return 0;
	}
	open_vf(0);
	round_trip();
	counted(1);
	/* Another process measures, while this one waits for it. */
	pid_t child = fork();
	if (child == 0) {
		refused();
		open_vf(1);
		in_thread(NULL);
		counted(100);
		_exit(7);
	}
	int status;
	CHECK(child > 0 && waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	pthread_t thread;
	CHECK(pthread_create(&thread, NULL, in_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
	counted(101);
	forbid_calls();
	in_thread(NULL);
	counted(201);
	_exit(0);
}
