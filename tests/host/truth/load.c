/* Known loads, each of which says itself what it did. Static: runs in any root.
 *
 *   load burn SECONDS LOOPS     prints "ready", waits for a byte or the end of its input, then that
 *                               many processes loop for that long of wall time; prints CPU time
 *                               used since and wall time of the loops (microseconds), then waits
 *                               for TERM
 *   load write PATH MIB         writes through the page cache, then fsync
 *   load direct PATH MIB        writes, then reads back, past the page cache; prints bytes of each
 *   load anon MIB               touches that much anonymous memory, prints "ready", waits for TERM
 *   load tasks COUNT            starts that many sleeping children, prints "ready", waits for TERM
 *   load oom MIB                has a child touch that much; prints the signal that ended it
 *   load frames NIC COUNT SIZE  sends frames of SIZE bytes, header included; prints bytes sent
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB (1024L * 1024L)
#define EXPERIMENTAL 0x88b5 /* IEEE 802: nobody answers it */

static long now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

static pid_t child(void)
{
	pid_t pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static long used_us(int whose)
{
	struct rusage u;
	getrusage(whose, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000L + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static void say(const char *line)
{
	puts(line);
	fflush(stdout);
}

static void ready(void)
{
	say("ready");
	for (;;)
		pause();
}

static void burn(double seconds, int loops)
{
	/* Whoever measures reads meanwhile: starting is over, looping has not begun. */
	say("ready");
	getchar();
	long own = used_us(RUSAGE_SELF), start = now_us(), end = start + (long)(seconds * 1e6);
	for (int i = 0; i < loops; i++)
		if (child() == 0) {
			while (now_us() < end)
				for (volatile int n = 0; n < 100000; n++)
					;
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	printf("%ld %ld\n", used_us(RUSAGE_SELF) - own + used_us(RUSAGE_CHILDREN), now_us() - start);
	fflush(stdout);
	for (;;)
		pause();
}

static void touch(long mib)
{
	char *at = mmap(NULL, mib * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		err(1, "mmap");
	madvise(at, mib * MIB, MADV_NOHUGEPAGE);
	for (long i = 0; i < mib * MIB; i += 4096)
		at[i] = (char)(i | 1);
}

static void all(ssize_t done, const char *what)
{
	if (done != MIB)
		err(1, "%s gave %zd", what, done);
}

static void files(const char *path, long mib, int direct)
{
	char *block;
	if (posix_memalign((void **)&block, 4096, MIB))
		errx(1, "no memory");
	memset(block, 'x', MIB);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | (direct ? O_DIRECT : 0), 0644);
	if (fd < 0)
		err(1, "%s", path);
	for (long i = 0; i < mib; i++)
		all(write(fd, block, MIB), "write");
	if (fsync(fd))
		err(1, "fsync");
	if (direct) {
		lseek(fd, 0, SEEK_SET);
		for (long i = 0; i < mib; i++)
			all(read(fd, block, MIB), "read");
	}
	printf("%ld\n", mib * MIB);
}

static void frames(const char *nic, long count, size_t size)
{
	char frame[65536] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(nic) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || !to.sll_ifindex)
		err(1, "%s", nic);
	frame[12] = (char)(EXPERIMENTAL >> 8);
	frame[13] = (char)(EXPERIMENTAL & 0xff);
	for (long i = 0; i < count; i++)
		while (sendto(fd, frame, size, 0, (struct sockaddr *)&to, sizeof to) < 0)
			if (errno != ENOBUFS)
				err(1, "send");
	printf("%ld\n", count * (long)size);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	/* Killing lxc-attach does not end what it started. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!strcmp(what, "burn") && argc == 4) {
		burn(atof(argv[2]), atoi(argv[3]));
	} else if (!strcmp(what, "write") && argc == 4) {
		files(argv[2], atol(argv[3]), 0);
	} else if (!strcmp(what, "direct") && argc == 4) {
		files(argv[2], atol(argv[3]), 1);
	} else if (!strcmp(what, "anon")) {
		touch(atol(argv[2]));
		ready();
	} else if (!strcmp(what, "tasks")) {
		for (int i = atoi(argv[2]); i > 0; i--)
			if (child() == 0)
				for (;;)
					pause();
		ready();
	} else if (!strcmp(what, "oom")) {
		int status;
		if (child() == 0) {
			touch(atol(argv[2]));
			_exit(0);
		}
		wait(&status);
		printf("%d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	} else if (!strcmp(what, "frames") && argc == 5) {
		frames(argv[2], atol(argv[3]), (size_t)atol(argv[4]));
	} else {
		fprintf(stderr, "usage: see the head of load.c\n");
		return 2;
	}
	return 0;
}
