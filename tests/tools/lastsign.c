/*
 * lastsign: print the last sign of life in a file of alive: ms of
 * CLOCK_BOOTTIME.
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>

int
main(int argc, char **argv)
{
	int64_t last_us;
	FILE *file;

	if (argc != 2)
		errx(2, "usage: lastsign file");
	file = fopen(argv[1], "re");
	if (file == NULL || fread(&last_us, sizeof(last_us), 1, file) != 1)
		err(2, "cannot read '%s'", argv[1]);
	(void)printf("%.3f\n", (double)last_us / 1000);
	return 0;
}
