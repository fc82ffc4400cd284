/*
 * signs: print pages of signs.h as text, and the clocks.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "signs.h"

/* The wall clock minus the signs' clock, by the quickest of many readings. */
static int64_t
wall_offset_us(void)
{
	struct timespec	now;
	int64_t		before, after, least = INT64_MAX, offset = 0;
	int		i;

	for (i = 0; i < 1000; i++) {
		before = signs_now_us();
		(void)clock_gettime(CLOCK_REALTIME, &now);
		after = signs_now_us();
		if (after - before < least) {
			least = after - before;
			offset = (int64_t)now.tv_sec * 1000000 +
			    now.tv_nsec / 1000 - before;
		}
	}
	return (offset);
}

static int64_t
monotonic_offset_us(void)
{
	struct timespec	now;
	int64_t		boot = signs_now_us();

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (boot - ((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000));
}

static void
print(const char *who, const struct signs *page)
{
	const struct signs	*s;
	int			 i;

	for (i = 0; i < SIGNS_SLOTS; i++) {
		s = &page[i];
		if (s->starts == 0)
			continue;
		printf("signs who=%s n=%d begin=%" PRId64 " last=%" PRId64
		    " left=%" PRId64 " asked=%" PRId64 " fence=%" PRId64
		    " session=%" PRIx64 " ending=%d starts=%d\n", who, i,
		    s->begin_us, s->last_us, s->left_us, s->asked_us, s->fence,
		    (uint64_t)s->session, s->ending, s->starts);
	}
}

int
main(int argc, char *argv[])
{
	const char	*name;
	int		 i;

	if (argc == 2 && strcmp(argv[1], "now") == 0)
		printf("%" PRId64 "\n", signs_now_us());
	else if (argc == 2 && strcmp(argv[1], "wall") == 0)
		printf("%" PRId64 "\n", wall_offset_us());
	else if (argc == 2 && strcmp(argv[1], "monotonic") == 0)
		printf("%" PRId64 "\n", monotonic_offset_us());
	else if (argc > 2 && strcmp(argv[1], "print") == 0) {
		/* The name is what follows the last dot of the file's name. */
		for (i = 2; i < argc; i++) {
			name = strrchr(argv[i], '.');
			print(name == NULL ? argv[i] : name + 1,
			    signs_map(argv[i]));
		}
	} else
		errx(2, "usage: signs now | wall | monotonic | print FILE ...");
	return (0);
}
