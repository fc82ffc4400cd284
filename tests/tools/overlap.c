/*
 * overlap: judge by a file of begin and end stamps (see stamp.c) whether more
 * runs overlap than allowed.  A killed run has no end stamp.  Such a run counts
 * as one moment, or with -k as a run that never ends.
 */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct mark {
	long long	 ns;
	bool		 begin;
	bool		 moment;	/* has no end and counts as a moment */
	char		*id;
	size_t		 line;
};

static struct mark	*marks;
static size_t		 nmarks;

static void
usage(void)
{
	fputs(
"usage: overlap [-k] [-n allowed] FILE\n"
"An id may have many runs, one after the other, but two at once are an error.\n"
"Prints \"runs=N ids=M overlaps=K max_concurrent=C longest_gap_ms=G open=O\";\n"
"overlaps counts the begins at which more than 'allowed' (1) runs ran, with the\n"
"new one; open counts runs without an end, which end at once, or never with -k.\n"
"exit status: 0, 1 overlaps, 2 the file is malformed or has no run\n",
	    stderr);
	exit(2);
}

static int
by_time(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	if (x->ns != y->ns)
		return (x->ns < y->ns ? -1 : 1);
	/* At equal times the end comes first, so they do not overlap. */
	if (x->begin != y->begin)
		return (x->begin ? 1 : -1);
	return (x->line < y->line ? -1 : 1);
}

static int
by_id(const void *a, const void *b)
{
	const struct mark	*x = *(const struct mark *const *)a;
	const struct mark	*y = *(const struct mark *const *)b;
	int			 order = strcmp(x->id, y->id);

	return (order != 0 ? order : by_time(x, y));
}

static void
read_file(const char *path)
{
	char	*line = NULL, what[8], id[256];
	size_t	 size = 0;
	FILE	*f;

	if ((f = fopen(path, "r")) == NULL)
		err(2, "%s", path);
	while (getline(&line, &size, f) != -1) {
		struct mark m = { .line = nmarks + 1 };

		if (sscanf(line, "%7s %lld %255s", what, &m.ns, id) != 3 ||
		    (strcmp(what, "begin") != 0 && strcmp(what, "end") != 0))
			errx(2, "%s:%zu: not a stamp", path, m.line);
		m.begin = *what == 'b';
		if ((m.id = strdup(id)) == NULL || (marks = reallocarray(marks,
		    nmarks + 1, sizeof(m))) == NULL)
			err(2, NULL);
		marks[nmarks++] = m;
	}
	free(line);
	fclose(f);
	if (nmarks == 0)
		errx(2, "%s: no stamps", path);
}

/*
 * Check that every id's stamps alternate, and count the ids.  With forget, mark
 * the runs without an end.  Returns the number of runs without an end.
 */
static size_t
check_ids(bool forget, size_t *ids)
{
	struct mark	**sorted;
	size_t		  i, open = 0;

	if ((sorted = calloc(nmarks, sizeof(*sorted))) == NULL)
		err(2, NULL);
	for (i = 0; i < nmarks; i++)
		sorted[i] = &marks[i];
	qsort(sorted, nmarks, sizeof(*sorted), by_id);
	*ids = 0;
	for (i = 0; i < nmarks; i++) {
		struct mark	*m = sorted[i];
		bool		 last = i + 1 == nmarks ||
		    strcmp(sorted[i + 1]->id, m->id) != 0;

		if (i == 0 || strcmp(sorted[i - 1]->id, m->id) != 0)
			++*ids;
		else if (!m->begin && sorted[i - 1]->begin)
			continue;
		if (!m->begin)
			errx(2, "line %zu: an end without a begin", m->line);
		if (last || sorted[i + 1]->begin) {
			open++;
			m->moment = forget;
		}
	}
	free(sorted);
	return (open);
}

int
main(int argc, char *argv[])
{
	const char	*bad;
	size_t		 i, runs = 0, ids, open, now = 0, most = 0, over = 0;
	size_t		 allowed = 1;
	long long	 free_since = -1, gap = 0;
	bool		 forever = false;
	int		 ch;

	while ((ch = getopt(argc, argv, "kn:")) != -1) {
		switch (ch) {
		case 'k':
			forever = true;
			break;
		case 'n':
			allowed = (size_t)strtonum(optarg, 1, 100000, &bad);
			if (bad != NULL)
				errx(2, "%s: %s", optarg, bad);
			break;
		default:
			usage();
		}
	}
	if (optind + 1 != argc)
		usage();
	read_file(argv[optind]);
	qsort(marks, nmarks, sizeof(*marks), by_time);
	open = check_ids(!forever, &ids);
	for (i = 0; i < nmarks; i++) {
		if (marks[i].begin) {
			runs++;
			if (now == 0 && free_since >= 0 &&
			    marks[i].ns - free_since > gap)
				gap = marks[i].ns - free_since;
			if (++now > most)
				most = now;
			if (now > allowed)
				over++;
			if (marks[i].moment)
				now--;
		} else
			now--;
		if (now == 0)
			free_since = marks[i].ns;
	}
	printf("runs=%zu ids=%zu overlaps=%zu max_concurrent=%zu "
	    "longest_gap_ms=%lld open=%zu\n", runs, ids, over, most,
	    gap / 1000000, open);
	return (over > 0);
}
