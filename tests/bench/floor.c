/* The floor under sampling: pread the same files through kept descriptors, and nothing else.
 *
 * Paths come on standard input, each ended by NUL. Prints the median of the cycles' CPU time
 * (user and system) in nanoseconds. argv: CYCLES PAUSE_MICROSECONDS
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 65536, SIZE = 16384 };

static double cpu_ns(void)
{
	struct timespec used;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return used.tv_sec * 1e9 + used.tv_nsec;
}

static int by_size(const void *left, const void *right)
{
	const double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
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
	double *took = calloc(cycles, sizeof *took);
	if (took == NULL)
		return 1;
	for (int cycle = -2; cycle < cycles; cycle++) {
		const double start = cpu_ns();
		for (int at = 0; at < count; at++)
			if (pread(fds[at], buffer, SIZE, 0) < 0)
				return 1;
		if (cycle >= 0)
			took[cycle] = cpu_ns() - start;
		if (pause)
			usleep(pause);
	}
	qsort(took, cycles, sizeof *took, by_size);
	printf("%.0f\n", took[cycles / 2]);
	return 0;
}
