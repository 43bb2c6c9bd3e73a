/*
 * A program in a run that calls what the preload library exports, as compilers of C call it. Each thing that
 * is not as it should be is a line on standard error; the exit status is how many there are.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define VF "/sys/bus/pci/devices/0000:01:10.0"
#define REAL_VF "/sys/devices/pci0000:00/0000:00:01.0/0000:01:10.0"

static int failures;

#define CHECK(what)                                                                     \
	do {                                                                                \
		if (!(what)) {                                                                  \
			fprintf(stderr, "line %d: %s (errno %d)\n", __LINE__, #what, errno);         \
			failures++;                                                                 \
		}                                                                               \
	} while (0)

/* Fails with an errno, and says nothing else. */
#define REFUSED(call, number) CHECK((errno = 0, (call) == -1) && errno == (number))

static int holds(int fd, const char *text)
{
	char found[64] = "";
	ssize_t len = read(fd, found, sizeof(found) - 1);
	close(fd);
	return len == (ssize_t)strlen(text) && strcmp(found, text) == 0;
}

static void opening(void)
{
	/* What worked leaves errno alone. */
	errno = 123;
	int fd = open(VF "/vendor", O_RDONLY);
	CHECK(fd >= 0 && errno == 123);
	CHECK(holds(fd, "0x8086\n"));
	CHECK(holds(open64(VF "/device", O_RDONLY | O_CLOEXEC), "0x10ed\n"));

	int sys = open("/sys", O_RDONLY | O_DIRECTORY);
	CHECK(holds(openat(sys, "bus/pci/devices/0000:01:10.0/vendor", O_RDONLY), "0x8086\n"));
	int vf = openat64(sys, "bus/pci/devices/0000:01:10.0", O_RDONLY | O_DIRECTORY);
	CHECK(holds(openat(vf, "vendor", O_RDONLY), "0x8086\n"));
	CHECK(holds(openat(vf, "../0000:01:10.2/vendor", O_RDONLY), "0x8086\n"));
	CHECK(faccessat(vf, "config", R_OK, 0) == 0);
	CHECK(close(vf) == 0 && close(sys) == 0);

	FILE *file = fopen(VF "/class", "r");
	char line[32];
	CHECK(file && fgets(line, sizeof(line), file) && strcmp(line, "0x020000\n") == 0);
	CHECK(file && (file = freopen64(VF "/revision", "re", file)));
	CHECK(file && fgets(line, sizeof(line), file) && strcmp(line, "0x01\n") == 0);
	CHECK(file && fclose(file) == 0);
	CHECK((file = fopen64("/sys/class/net/soft0/mtu", "r")));
	CHECK(file && fgets(line, sizeof(line), file) && strcmp(line, "9000\n") == 0);
	CHECK(file && fclose(file) == 0);

	REFUSED(open(VF "/nothing", O_RDONLY), ENOENT);
	REFUSED(open(VF "/vendor/nothing", O_RDONLY), ENOTDIR);
	REFUSED(open(VF "/vendor", O_RDONLY | O_DIRECTORY), ENOTDIR);
	REFUSED(open("/dev/vfio/99", O_RDWR), ENOENT);
	REFUSED(open("/dev/iommu", O_RDWR), ENOENT);
	REFUSED(open(NULL, O_RDONLY), EFAULT);
	errno = 0;
	CHECK(!fopen(VF "/nothing", "r") && errno == ENOENT);

	/* A sysfs that stays as it is. */
	REFUSED(open(VF "/driver/unbind", O_WRONLY), EACCES);
	REFUSED(open("/sys/bus/pci/rescan", O_WRONLY | O_TRUNC), EACCES);
	REFUSED(open(VF "/new", O_RDWR | O_CREAT, 0644), EACCES);
	REFUSED(creat(VF "/new", 0644), EACCES);
	REFUSED(open(VF "/nothing", O_RDWR), ENOENT);
	REFUSED(open(VF, O_RDWR), EISDIR);
	errno = 0;
	CHECK(!fopen("/sys/bus/pci/drivers_probe", "w") && errno == EACCES);
	CHECK(!fopen(VF "/config", "r+") && errno == EACCES);

	/* The third argument arrives, for files that are the program's own. */
	umask(0);
	struct stat status;
	CHECK((fd = open("own", O_CREAT | O_EXCL | O_RDWR, 0640)) >= 0);
	CHECK(fstat(fd, &status) == 0 && (status.st_mode & 07777) == 0640 && close(fd) == 0);
	CHECK((fd = openat(AT_FDCWD, "other", O_CREAT | O_WRONLY, 0604)) >= 0 && close(fd) == 0);
	CHECK(stat("other", &status) == 0 && (status.st_mode & 07777) == 0604);
	CHECK((fd = creat("third", 0600)) >= 0 && close(fd) == 0);
	CHECK((fd = open(".", O_TMPFILE | O_RDWR, 0611)) >= 0);
	CHECK(fstat(fd, &status) == 0 && (status.st_mode & 07777) == 0611 && close(fd) == 0);
}

static void looking(void)
{
	struct stat status;
	struct stat64 status64;
	struct statx statx_status;
	CHECK(stat(VF, &status) == 0 && S_ISDIR(status.st_mode));
	CHECK(lstat(VF, &status) == 0 && S_ISLNK(status.st_mode));
	CHECK(stat64(VF "/config", &status64) == 0 && status64.st_size == 4096);
	CHECK(fstatat(AT_FDCWD, "/dev/vfio/vfio", &status, 0) == 0 && S_ISCHR(status.st_mode));
	CHECK(status.st_rdev == makedev(10, 196) && (status.st_mode & 0777) == 0666);
	CHECK(statx(AT_FDCWD, "/dev/vfio/1", 0, STATX_BASIC_STATS, &statx_status) == 0);
	CHECK(S_ISCHR(statx_status.stx_mode) && statx_status.stx_rdev_major == 240);
	CHECK(stat("/dev/vfio", &status) == 0 && S_ISDIR(status.st_mode));
	REFUSED(stat("/dev/vfio/3", &status), ENOENT);
	REFUSED(lstat(VF "/iommu_group/devices/0000:01:10.2", &status), ENOENT);

	/* As binaries of an older glibc call it. */
	int (*old_stat)(int, const char *, struct stat *) = dlsym(RTLD_DEFAULT, "__xstat");
	CHECK(old_stat && old_stat(1, VF "/config", &status) == 0 && status.st_size == 4096);
	CHECK(old_stat && old_stat(1, "/", &status) == 0 && S_ISDIR(status.st_mode));

	CHECK(access(VF "/driver_override", F_OK) == 0 && eaccess(VF, X_OK) == 0);
	CHECK(euidaccess("/sys/module/vfio_pci", R_OK) == 0);
	REFUSED(access(VF "/driver_override", X_OK), EACCES);
	REFUSED(access("/sys/bus/pci/devices/0000:00:02.0", F_OK), ENOENT);
	CHECK(lgetxattr(VF, "user.none", NULL, 0) == -1 && errno != ENOENT);
	CHECK(access("/sys/class/net/lo/mtu", R_OK) == 0);
}

static void links(void)
{
	const char *driver = "../../../../bus/pci/drivers/vfio-pci";
	char text[PATH_MAX];
	ssize_t len = readlink(VF "/driver", text, sizeof(text));
	CHECK(len == (ssize_t)strlen(driver) && memcmp(text, driver, len) == 0);
	memset(text, 'x', sizeof(text));
	CHECK(readlink(VF "/driver", text, 4) == 4 && memcmp(text, "../.xx", 6) == 0);
	REFUSED(readlink(VF "/vendor", text, sizeof(text)), EINVAL);

	int vf = open(VF, O_RDONLY | O_DIRECTORY);
	CHECK(readlinkat(vf, "physfn", text, sizeof(text)) == 15 && !memcmp(text, "../0000:01:00.0", 15));

	/* The names of open files are the program's names, also where there is hardly room for them. */
	char name[64];
	snprintf(name, sizeof(name), "/proc/self/fd/%d", vf);
	CHECK((len = readlink(name, text, sizeof(text))) == (ssize_t)strlen(REAL_VF));
	CHECK(memcmp(text, REAL_VF, strlen(REAL_VF)) == 0);
	memset(text, 'x', sizeof(text));
	CHECK(readlink(name, text, 10) == 10 && memcmp(text, REAL_VF, 10) == 0 && text[10] == 'x');
	CHECK(close(vf) == 0);

	char *found = realpath(VF, NULL);
	CHECK(found && strcmp(found, REAL_VF) == 0);
	free(found);
	CHECK(realpath("/sys/class/net/soft0/device/virtfn1", text) == text);
	CHECK(strcmp(text, "/sys/devices/pci0000:00/0000:00:01.0/0000:01:10.2") == 0);
	found = canonicalize_file_name("/sys/bus/../bus/pci/devices/0000:01:10.0/iommu_group");
	CHECK(found && strcmp(found, "/sys/kernel/iommu_groups/1") == 0);
	free(found);
	errno = 0;
	CHECK(!realpath(VF "/nothing", text) && errno == ENOENT);
}

static int is_vf(const struct dirent *entry)
{
	return strncmp(entry->d_name, "0000:01:1", 9) == 0;
}

static void directories(void)
{
	int entries = 0;
	DIR *dir = opendir("/sys/kernel/iommu_groups");
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		entries += entry->d_name[0] != '.';
	/* Two VFs, PF, root port. */
	CHECK(dir && entries == 4 && closedir(dir) == 0);
	errno = 0;
	CHECK(!opendir("/sys/kernel/iommu_groups/7") && errno == ENOENT);

	struct dirent **list;
	CHECK(scandir("/sys/bus/pci/devices", &list, is_vf, alphasort) == 2);
	CHECK(strcmp(list[0]->d_name, "0000:01:10.0") == 0 && strcmp(list[1]->d_name, "0000:01:10.2") == 0);
	int sys = open("/sys", O_RDONLY | O_DIRECTORY);
	CHECK(scandirat(sys, "class/iommu", &list, NULL, alphasort) == 3);
	CHECK(close(sys) == 0);

	glob_t found = {0};
	CHECK(glob("/sys/bus/pci/devices/0000:01:1?.[02]/vendor", 0, NULL, &found) == 0);
	CHECK(found.gl_pathc == 2 && strcmp(found.gl_pathv[1], "/sys/bus/pci/devices/0000:01:10.2/vendor") == 0);
	CHECK(glob("/dev/null*", GLOB_APPEND, NULL, &found) == 0 && found.gl_pathc >= 3);
	globfree(&found);
	glob64_t found64 = {0};
	CHECK(glob64("/sys/bus/pci/devices/0000:00:02.*", 0, NULL, &found64) == GLOB_NOMATCH);
	globfree64(&found64);

	char here[PATH_MAX], there[PATH_MAX];
	CHECK(getcwd(here, sizeof(here)) == here);
	CHECK(chdir("/sys/bus/pci/devices") == 0 && getcwd(there, sizeof(there)) == there);
	CHECK(strcmp(there, "/sys/bus/pci/devices") == 0);
	char *name = get_current_dir_name();
	CHECK(name && strcmp(name, "/sys/bus/pci/devices") == 0);
	free(name);
	struct stat status, host;
	CHECK(access("0000:01:10.0/vendor", R_OK) == 0 && access("../drivers/vfio-pci", R_OK) == 0);
	/* The way out leads to the machine's own. */
	CHECK(stat("../../..", &status) == 0 && stat("/sys", &host) == 0 && status.st_dev == host.st_dev);
	CHECK(chdir("../../../class") == 0 && access("net/soft0", F_OK) == 0);
	CHECK(chdir(here) == 0);
}

static void descriptors(void)
{
	int pipes[2], waiting = 0;
	CHECK(pipe(pipes) == 0 && write(pipes[1], "four", 4) == 4);
	CHECK(ioctl(pipes[0], FIONREAD, &waiting) == 0 && waiting == 4);
	REFUSED(ioctl(pipes[0], 0x3b64 /* VFIO_GET_API_VERSION */), ENOTTY);
	REFUSED(ioctl(-1, FIONREAD, &waiting), EBADF);
	char text[4];
	struct iovec parts[2] = {{text, 1}, {text + 1, 3}};
	CHECK(readv(pipes[0], parts, 2) == 4 && memcmp(text, "four", 4) == 0);
	REFUSED(pread(pipes[0], text, 4, 0), ESPIPE);
	REFUSED(lseek(pipes[0], 0, SEEK_SET), ESPIPE);

	int file = open("own", O_RDWR);
	CHECK(pwrite(file, "abcdef", 6, 0) == 6 && pread64(file, text, 4, 2) == 4);
	CHECK(memcmp(text, "cdef", 4) == 0 && lseek(file, 0, SEEK_END) == 6);
	char *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	CHECK(mapped != MAP_FAILED && memcmp(mapped, "abcdef", 6) == 0);
	CHECK(mprotect(mapped, 4096, PROT_READ) == 0);
	CHECK(mmap(mapped, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == mapped);
	CHECK(mapped[0] == 0);
	char *moved = mremap(mapped, 4096, 8192, MREMAP_MAYMOVE);
	CHECK(moved != MAP_FAILED && munmap(moved, 8192) == 0);
	CHECK(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);

	CHECK(dup2(file, pipes[0]) == pipes[0] && fcntl(pipes[0], F_GETFD) == 0);
	CHECK(dup3(file, pipes[0], O_CLOEXEC) == pipes[0] && fcntl(pipes[0], F_GETFD) == FD_CLOEXEC);
	REFUSED(dup3(file, file, 0), EINVAL);
	CHECK(close(file) == 0);
	REFUSED(close(file), EBADF);
	CHECK(close_range(pipes[0], pipes[0], 0) == 0 && fcntl(pipes[0], F_GETFD) == -1);
	CHECK(close(pipes[1]) == 0);
	REFUSED(close_range(5, 4, 0), EINVAL);
}

static sigjmp_buf back;
static void *faulted;

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	faulted = info->si_addr;
	siglongjmp(back, 1);
}

static void signals(void)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO}, before;
	sigemptyset(&action.sa_mask);
	CHECK(sigaction(SIGSEGV, &action, &before) == 0 && before.sa_handler == SIG_DFL);
	char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!sigsetjmp(back, 1))
		*(volatile char *)(none + 7) = 1;
	CHECK(faulted == none + 7);
	CHECK(sigaction(SIGSEGV, NULL, &before) == 0 && before.sa_sigaction == on_fault);
	CHECK(before.sa_flags & SA_SIGINFO);
	CHECK(signal(SIGSEGV, SIG_DFL) == (void (*)(int))on_fault);
	REFUSED(sigaction(99, &action, NULL), EINVAL);

	sigset_t set, now;
	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	sigaddset(&set, SIGUSR1);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && pthread_sigmask(SIG_BLOCK, NULL, &now) == 0);
	CHECK(sigismember(&now, SIGSEGV) && sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2));
	CHECK(pthread_sigmask(SIG_UNBLOCK, &set, NULL) == 0 && sigprocmask(0, NULL, &now) == 0);
	CHECK(!sigismember(&now, SIGSEGV) && !sigismember(&now, SIGUSR1));
	CHECK(pthread_sigmask(99, &set, NULL) == EINVAL);
}

/* A container with VF 0's group and the device, or as far as it got. */
struct vf {
	int container, group, device;
};

static struct vf open_vf(void)
{
	struct vf vf = {open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC), -1, -1};
	CHECK(vf.container >= 0 && ioctl(vf.container, VFIO_GET_API_VERSION) == VFIO_API_VERSION);
	CHECK((vf.group = open64("/dev/vfio/1", O_RDWR | O_CLOEXEC)) >= 0);
	CHECK(ioctl(vf.group, VFIO_GROUP_SET_CONTAINER, &vf.container) == 0);
	CHECK(ioctl(vf.container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) == 0);
	CHECK((vf.device = ioctl(vf.group, VFIO_GROUP_GET_DEVICE_FD, "0000:01:10.0")) >= 0);
	return vf;
}

static void devices(void)
{
	struct vf vf = open_vf();
	struct vfio_region_info config = {.argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX};
	struct vfio_region_info bar = {.argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX};
	CHECK(ioctl(vf.device, VFIO_DEVICE_GET_REGION_INFO, &config) == 0);
	CHECK(ioctl(vf.device, VFIO_DEVICE_GET_REGION_INFO, &bar) == 0 && bar.size == 16384);

	/* Regions, by each call that reads or writes at a place. */
	unsigned short ids[2] = {0}, again[2] = {0}, command = 0;
	struct iovec parts[2] = {{&again[0], 2}, {&again[1], 2}};
	CHECK(pread(vf.device, ids, 4, config.offset) == 4 && ids[0] == 0x8086 && ids[1] == 0x10ed);
	CHECK(preadv(vf.device, parts, 2, config.offset) == 4 && memcmp(ids, again, 4) == 0);
	command = 4;
	CHECK(pwrite64(vf.device, &command, 2, config.offset + 4) == 2);
	command = 0;
	CHECK(preadv2(vf.device, &(struct iovec){&command, 2}, 1, config.offset + 4, 0) == 2 && command & 4);
	REFUSED(pread(vf.device, (void *)8, 4, config.offset), EFAULT);
	REFUSED(pread(vf.device, ids, 4, -1), EINVAL);
	REFUSED(lseek(vf.device, 0, SEEK_SET), ESPIPE);
	REFUSED(ftruncate(vf.device, 0), EINVAL);
	REFUSED(read(vf.container, ids, 4), EINVAL);
	REFUSED(write(vf.group, ids, 4), EINVAL);
	/* Reading moves on, from the first register. */
	unsigned int control[2], status[2];
	CHECK(read(vf.device, control, 4) == 4 && read(vf.device, status, 4) == 4);
	CHECK(pread(vf.device, control + 1, 4, bar.offset) == 4 && control[0] == control[1]);
	CHECK(pread(vf.device, status + 1, 4, bar.offset + 4) == 4 && status[0] == status[1]);

	/* Registers as memory: VFSTATUS says that SR-IOV is on, the link's register is there, too. */
	volatile unsigned int *registers =
		mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, vf.device, bar.offset);
	CHECK(registers != MAP_FAILED);
	unsigned int by_call = 0;
	CHECK(pread(vf.device, &by_call, 4, bar.offset + 8) == 4 && registers[2] == by_call && by_call != 0);
	registers[0x200 / 4] = 0x12345678;
	CHECK(registers[0x200 / 4] == 0x12345678);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, vf.group, 0) == MAP_FAILED && errno == ENODEV);

	/* A mapping, which the program's own unmapping does not end. */
	char *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (unsigned long)memory, .iova = 0x100000, .size = 8192};
	CHECK(ioctl(vf.container, VFIO_IOMMU_MAP_DMA, &map) == 0);
	REFUSED(ioctl(vf.container, VFIO_IOMMU_MAP_DMA, &map), EEXIST);
	CHECK(munmap(memory, 8192) == 0);
	struct vfio_iommu_type1_dma_unmap unmap = {.argsz = sizeof(unmap), .iova = 0x100000, .size = 8192};
	CHECK(ioctl(vf.container, VFIO_IOMMU_UNMAP_DMA, &unmap) == 0 && unmap.size == 8192);

	/* Copies are the same device, which is open for as long as one of them is. */
	int copy = fcntl(vf.device, F_DUPFD_CLOEXEC, 0);
	CHECK(copy >= 0 && close(vf.device) == 0);
	CHECK(pread(copy, again, 4, config.offset) == 4 && memcmp(ids, again, 4) == 0);
	/* A child made by fork has descriptors of its parent's, and nothing behind them. */
	pid_t child = fork();
	if (child == 0) {
		int refused = ioctl(copy, VFIO_DEVICE_RESET) == -1 && errno == ENODEV;
		_exit(refused && open("/dev/vfio/1", O_RDWR) == -1 && errno == EBUSY ? 7 : 8);
	}
	int end;
	CHECK(waitpid(child, &end, 0) == child && WIFEXITED(end) && WEXITSTATUS(end) == 7);
	REFUSED(open("/dev/vfio/1", O_RDWR), EBUSY);
	CHECK(munmap((void *)registers, bar.size) == 0);

	/* Each way of closing gives everything back. */
	CHECK(close(copy) == 0 && close(vf.group) == 0 && close(vf.container) == 0);
	vf = open_vf();
	int null = open("/dev/null", O_RDWR);
	CHECK(dup2(null, vf.device) == vf.device && dup3(null, vf.group, 0) == vf.group);
	CHECK(close(vf.container) == 0 && close(vf.device) == 0 && close(vf.group) == 0);
	vf = open_vf();
	closefrom(3);
	REFUSED(fcntl(vf.device, F_GETFD), EBADF);
	vf = open_vf();
	CHECK(close_range(3, ~0U, 0) == 0);
	vf = open_vf();
}

static void *in_thread(void *argument)
{
	return access(VF, F_OK) == 0 ? argument : NULL;
}

static void processes(void)
{
	pid_t child = fork();
	if (child == 0)
		_exit(access(VF, F_OK) == 0 && open(VF "/vendor", O_RDONLY) >= 0 ? 7 : 8);
	int status;
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
	pthread_t thread;
	void *result = NULL;
	CHECK(pthread_create(&thread, NULL, in_thread, &failures) == 0);
	CHECK(pthread_join(thread, &result) == 0 && result == &failures);
	long (*step)(void) = dlsym(RTLD_DEFAULT, "barline_soft_step");
	CHECK(step && step() == -1);
}

int main(void)
{
	opening();
	looking();
	links();
	directories();
	descriptors();
	signals();
	processes();
	devices();
	return failures;
}
