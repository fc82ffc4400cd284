/*
 * execenv: run a program with exactly the given environment, even if env(1)
 * cannot create that environment.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		;
	if (i + 1 >= argc) {
		fputs("usage: execenv [string ...] -- program [argument ...]\n",
		    stderr);
		exit(2);
	}
	argv[i] = NULL;
	(void)execve(argv[i + 1], argv + i + 1, argv + 1);
	err(2, "%s", argv[i + 1]);
}
