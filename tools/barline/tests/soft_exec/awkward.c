/*
 * Programs of VFIO that do what few do, and that the kernel allows. Each is started by its name. What is not as
 * it should be is a line on standard error, and an exit status.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONFIG (7LL << 40)
#define MSIX_BAR (3LL << 40)

#define CHECK(what)                                                                     \
	do {                                                                                \
		if (!(what)) {                                                                  \
			fprintf(stderr, "line %d: %s (errno %d)\n", __LINE__, #what, errno);         \
			_exit(1);                                                                   \
		}                                                                               \
	} while (0)

static int container, group, device;

static void open_vf(void)
{
	CHECK((container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC)) >= 0);
	CHECK((group = open("/dev/vfio/1", O_RDWR | O_CLOEXEC)) >= 0);
	CHECK(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) == 0);
	CHECK(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) == 0);
	CHECK((device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, "0000:01:10.0")) >= 0);
}

static int is_there(void)
{
	uint32_t ids = 0;
	return pread(device, &ids, 4, CONFIG) == 4 && ids == 0x10ed8086;
}

/* A child made by vfork closes what it has inherited, as those of Python's subprocess do. Its descriptors are
 * its own, its memory is its parent's. */
static void vforks(void)
{
	open_vf();
	pid_t child = vfork();
	if (child == 0) {
		close(device);
		close_range(3, ~0U, 0);
		_exit(0);
	}
	int status;
	CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
	CHECK(is_there());
	CHECK(open("/dev/vfio/1", O_RDWR) == -1 && errno == EBUSY);
}

static void *main_thread_gone(void *unused)
{
	(void)unused;
	usleep(50000);
	open_vf();
	struct vfio_device_info info = {.argsz = sizeof(info)};
	CHECK(ioctl(device, VFIO_DEVICE_GET_INFO, &info) == 0 && info.num_regions == 9);
	/* One copy goes, the other one keeps it. */
	CHECK(close(dup(device)) == 0 && is_there());
	_exit(0);
}

/* The first thread ends, the others go on. */
static void threads(void)
{
	pthread_t thread;
	CHECK(pthread_create(&thread, NULL, main_thread_gone, NULL) == 0);
	syscall(SYS_exit, 0);
}

/* As many descriptors as there may be. */
static void limits(void)
{
	open_vf();
	int copy = dup(device), null = open("/dev/null", O_RDWR);
	struct rlimit none = {0, 0};
	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	CHECK(close(copy) == 0 && null >= 0);
	CHECK(is_there());
}

/* Pieces that are not there. */
static void pieces(void)
{
	open_vf();
	errno = 0;
	CHECK(readv(device, (void *)8, 1) == -1 && errno == EFAULT);
	CHECK(pwritev(device, (void *)8, 2, CONFIG) == -1 && errno == EFAULT);
	char byte;
	struct iovec two[2] = {{&byte, 1}, {&byte, SIZE_MAX}};
	CHECK(preadv(device, two, 2, CONFIG) == -1 && errno == EINVAL);
}

/* Paths that can be none. */
static void paths(void)
{
	for (long at = -1; at < 10; at += 10) {
		const char *volatile nowhere = (const char *)at;
		errno = 0;
		CHECK(open(nowhere, O_RDONLY) == -1 && errno == EFAULT);
		errno = 0;
		CHECK(access(nowhere, F_OK) == -1 && errno == EFAULT);
	}
}

/* The last that a program has of a device is a mapping of the BAR that is no registers. */
static void mappings(void)
{
	open_vf();
	void *bar = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, device, MSIX_BAR);
	CHECK(bar != MAP_FAILED);
	CHECK(close(device) == 0 && close(group) == 0 && close(container) == 0);
	CHECK(open("/dev/vfio/1", O_RDWR) == -1 && errno == EBUSY);
	CHECK(munmap(bar, 4096) == 0);
	open_vf();
	bar = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, device, MSIX_BAR);
	CHECK(close(device) == 0 && close(group) == 0 && close(container) == 0);
	CHECK(mmap(bar, 4096, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == bar);
	open_vf();
}

static volatile int handled, wrong;
static volatile uint32_t *volatile registers;

static void on_alarm(int number)
{
	(void)number;
	int before = errno;
	handled++;
	int fd = open("/dev/null", O_RDONLY);
	if (fd < 0 || fd >= 100 || close(fd) != 0)
		wrong++;
	if (registers && registers[2] == 0xffffffff)
		wrong++;
	errno = before;
}

static void alarms(void (*act)(void))
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
	while (handled < 2000 && !wrong)
		act();
	CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
	CHECK(wrong == 0);
}

static void read_ids(void)
{
	CHECK(is_there());
	char byte;
	CHECK(read(STDIN_FILENO, &byte, 1) <= 1);
}

/* Signals come while calls are under way, and their handlers make calls themselves. */
static void signals(void)
{
	open_vf();
	alarms(read_ids);
}

extern long barline_soft_step(void) __attribute__((weak));

static void step(void)
{
	CHECK(barline_soft_step() >= 0);
}

/* The adapter is moved by the program, and a handler reaches for registers. */
static void steps(void)
{
	open_vf();
	registers = mmap(NULL, 4096, PROT_READ, MAP_SHARED, device, 0);
	CHECK(registers != MAP_FAILED);
	alarms(step);
}

int main(int count, char **arguments)
{
	static const struct {
		const char *name;
		void (*act)(void);
	} all[] = {
		{"vforks", vforks}, {"threads", threads}, {"limits", limits}, {"pieces", pieces},
		{"paths", paths}, {"mappings", mappings}, {"signals", signals}, {"steps", steps},
	};
	for (size_t at = 0; at < sizeof(all) / sizeof(all[0]); at++)
		if (count == 2 && strcmp(arguments[1], all[at].name) == 0) {
			alarm(60);
			all[at].act();
			return 0;
		}
	return 2;
}
