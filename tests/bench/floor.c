/* The floor under sampling: pread the same files through kept descriptors, and nothing else.
 *
 * Paths come on standard input, one per line, ended by NUL where a path holds a newline.
 * Prints nanoseconds of CPU (user and system) per cycle. argv: CYCLES PAUSE_MICROSECONDS
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

enum { MOST = 65536, SIZE = 16384 };

static double cpu_ns(void)
{
	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e9 +
	       (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e3;
}

int main(int argc, char **argv)
{
	static int fds[MOST];
	static char buffer[SIZE];
	char *path = NULL;
	size_t room = 0;
	ssize_t length;
	int count = 0;
	if (argc != 3)
		return 2;
	const int cycles = atoi(argv[1]);
	const int pause = atoi(argv[2]);

	while (count < MOST && (length = getdelim(&path, &room, '\0', stdin)) > 1) {
		fds[count] = open(path, O_RDONLY | O_CLOEXEC);
		if (fds[count++] < 0) {
			perror(path);
			return 1;
		}
	}
	double total = 0;
	for (int cycle = -2; cycle < cycles; cycle++) {
		const double start = cpu_ns();
		for (int at = 0; at < count; at++)
			if (pread(fds[at], buffer, SIZE, 0) < 0)
				return 1;
		if (cycle >= 0)
			total += cpu_ns() - start;
		if (pause)
			usleep(pause);
	}
	printf("%.0f\n", total / cycles);
	return 0;
}
