/*
 * toil: the command of a run under torture.  All its processes write their
 * signs of life to the page of signs.h, as often as they can.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signs.h"

static struct signs	*signs;
static const char	*manner;
static int64_t		 end_us;	/* of this process */

static void
usage(void)
{
	fputs(
"usage: toil FILE SLOT MS ENDING LINGER MANNER\n"
"Works for MS milliseconds, and exits with status ENDING, or from 1000 on dies\n"
"of signal ENDING - 1000.  MANNER is some of these letters:\n"
"  c  has two children, which live for LINGER ms longer\n"
"  s  has a grandchild in its own session, which lives as long\n"
"  i  all its processes ignore TERM\n"
"  t  exits with status 5 a little after a TERM\n"
"  l  children that live longer do not need the lease (-o leave)\n", stderr);
	exit(2);
}

static bool
is(char letter)
{
	return (strchr(manner, letter) != NULL);
}

static void
asked(int number)
{
	int64_t	none = 0, now_us = signs_now_us();

	(void)number;
	(void)atomic_compare_exchange_strong(&signs->asked_us, &none, now_us);
	if (is('t') && end_us > now_us + 50000)
		end_us = now_us + 50000;
}

/* Write signs of life until end_us. */
static void
live(bool needs_lease)
{
	struct timespec	pause = { .tv_nsec = 1000000 };
	int64_t		now_us;

	while ((now_us = signs_now_us()) < end_us) {
		signs_later(needs_lease ? &signs->last_us : &signs->left_us,
		    now_us);
		(void)nanosleep(&pause, NULL);
	}
}

static void
have_child(bool apart)
{
	switch (fork()) {
	case -1:
		/* Print nothing: stderr may be on a disk that stalls. */
		atomic_store(&signs->ending, SIGNS_BY_EXIT + 2);
		_exit(2);
	case 0:
		if (apart) {
			(void)setsid();
			if (fork() != 0)
				_exit(0);
		}
		live(!is('l'));
		_exit(0);
	}
}

static int64_t
number_of(const char *name, int base)
{
	const char	*text = getenv(name);

	return (text == NULL ? 0 : (int64_t)strtoull(text, NULL, base));
}

static void
finish(int ending)
{
	if (is('t') && atomic_load(&signs->asked_us) != 0)
		ending = 5;
	if (ending < 1000) {
		atomic_store(&signs->ending, SIGNS_BY_EXIT + ending);
		_exit(ending);
	}
	atomic_store(&signs->ending, SIGNS_BY_SIGNAL + ending - 1000);
	raise(ending - 1000);
	_exit(2);
}

int
main(int argc, char *argv[])
{
	struct sigaction	action = { .sa_handler = asked };
	int64_t			start_us = signs_now_us();
	int64_t			linger_us;

	if (argc != 7)
		usage();
	signs = signs_map(argv[1]) + atoi(argv[2]);
	linger_us = strtoll(argv[5], NULL, 10) * 1000;
	manner = argv[6];
	end_us = start_us + strtoll(argv[3], NULL, 10) * 1000;
	atomic_fetch_add(&signs->starts, 1);
	atomic_store(&signs->begin_us, start_us);
	signs_later(&signs->last_us, start_us);
	atomic_store(&signs->fence, number_of("ZKRUN_FENCE", 10));
	atomic_store(&signs->session, number_of("ZKRUN_SESSION", 16));
	if (is('i') || is('t'))
		(void)sigaction(SIGTERM, &action, NULL);
	end_us += linger_us;
	if (is('c')) {
		have_child(false);
		have_child(false);
	}
	if (is('s'))
		have_child(true);
	end_us -= linger_us;
	live(true);
	signs_later(&signs->last_us, signs_now_us());
	finish(atoi(argv[4]));
}
