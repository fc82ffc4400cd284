/*
 * relaycontrol.h: carry out the commands that relay.c gets over its unix
 * socket.  The code is in a header, because every .c file here is a program.
 */
#include "relayconn.h"

#define LINE_MAX_LEN	4096

static struct sockaddr_storage	 here;		/* the relay's address */
static socklen_t		 here_len;
static int			 listener = -1, control = -1;
static bool			 quit;

static int
open_listener(void)
{
	int fd, on = 1;

	fd = socket(here.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (fd == -1)
		return (-1);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&here, here_len) == -1 ||
	    listen(fd, 4096) == -1) {
		close(fd);
		return (-1);
	}
	getsockname(fd, (struct sockaddr *)&here, &here_len);
	return (fd);
}

static void
cut_all(void)
{
	while (!LIST_EMPTY(&conns))
		close_conn(LIST_FIRST(&conns), true);
}

static bool
refuse(bool on)
{
	if (on && listener != -1) {
		close(listener);
		listener = -1;
	} else if (!on && listener == -1)
		listener = open_listener();
	return (on || listener != -1);
}

static void
corrupt(void)
{
	/* length 16, xid 0x7ffffff0, zxid 0, error 0 */
	static const unsigned char bad[20] = { 0, 0, 0, 16, 0x7f, 0xff, 0xff,
	    0xf0 };
	struct conn *c;

	LIST_FOREACH(c, &conns, link)
		enqueue(&c->flow[DOWN], DOWN, bad, sizeof(bad));
}

static bool
add_rule(long op, long n, long skip, long error, bool cut)
{
	int i;

	for (i = 0; i < RULES; i++) {
		if (rules[i].left > 0 && rules[i].op != op)
			continue;
		rules[i].op = (int32_t)op;
		rules[i].left = n;
		rules[i].skip = skip;
		rules[i].error = (int32_t)error;
		rules[i].cut = cut;
		return (true);
	}
	return (false);
}

static void
print_stats(FILE *out)
{
	int i;

	fprintf(out, "ok connections=%lu accepted=%lu dropped=%lu up=%lu "
	    "down=%lu", stats.open, stats.accepted, stats.dropped,
	    stats.bytes[UP], stats.bytes[DOWN]);
	for (i = OP_LOW; i <= OP_HIGH; i++)
		if (stats.op[i - OP_LOW] > 0)
			fprintf(out, " op%d=%lu", i, stats.op[i - OP_LOW]);
	if (trap.path[0] != '\0')
		fprintf(out, " held=%s", trap.path);
	print_garbled(out);
	fputc('\n', out);
}

/* Return the word's number, or set bad. */
static long
number(const char *word, bool *bad)
{
	char	*end;
	long	 n = strtol(word, &end, 10);

	if (end == word || *end != '\0')
		*bad = true;
	return (n);
}

/* garble SEED ONE_IN wire|lies, or garble off.  Returns false for others. */
static bool
garble(int n, char *w[])
{
	bool bad = false;

	garbling.on = n == 4;
	if (n == 2)
		return (strcmp(w[1], "off") == 0);
	if (n != 4)
		return (false);
	/* Each seed has its own 2^20 numbers for connections. */
	garbling.next = (uint64_t)number(w[1], &bad) << 20;
	garbling.one_in = (uint32_t)number(w[2], &bad);
	garbling.lies = strcmp(w[3], "lies") == 0;
	return (!bad && garbling.one_in > 0 &&
	    (garbling.lies || strcmp(w[3], "wire") == 0));
}

/* Carry out one command.  Returns false if the command is unknown. */
static bool
obey(int n, char *w[], FILE *out)
{
	struct conn	*c;
	bool		 at[2] = { true, true }, bad = false;
	int		 i, dir_at;
	double		 ms;

	/* In a command with a direction, the direction is the last word. */
	dir_at = strcmp(w[0], "delay") == 0 ? 2 : 1;
	if (n == dir_at + 1) {
		at[UP] = strcmp(w[dir_at], "down") != 0;
		at[DOWN] = strcmp(w[dir_at], "up") != 0;
		if (at[UP] && at[DOWN] && strcmp(w[dir_at], "both") != 0)
			bad = true;
	} else if (n > dir_at + 1)
		bad = true;

	if (strcmp(w[0], "freeze") == 0 && !bad) {
		for (i = 0; i < 2; i++)
			frozen[i] = frozen[i] || at[i];
	} else if (strcmp(w[0], "delay") == 0 && n >= 2 && !bad) {
		ms = (double)number(w[1], &bad);
		for (i = 0; i < 2 && !bad; i++)
			if (at[i])
				delay_ms[i] = ms;
	} else if (strcmp(w[0], "blackhole") == 0 && !bad) {
		for (i = 0; i < 2; i++)
			blackhole[i] = blackhole[i] || at[i];
		LIST_FOREACH(c, &conns, link)
			for (i = 0; i < 2; i++)
				if (at[i])
					swallow(&c->flow[i]);
	} else if (strcmp(w[0], "refuse") == 0 && n == 2 &&
	    (strcmp(w[1], "on") == 0 || strcmp(w[1], "off") == 0)) {
		bad = !refuse(strcmp(w[1], "on") == 0);
	} else if (strcmp(w[0], "slam") == 0 && n == 2 &&
	    (strcmp(w[1], "on") == 0 || strcmp(w[1], "off") == 0)) {
		bad = false;
		slam = strcmp(w[1], "on") == 0;
	} else if (strcmp(w[0], "hang-up") == 0 && n == 2 &&
	    (strcmp(w[1], "on") == 0 || strcmp(w[1], "off") == 0)) {
		bad = false;
		hang_up = strcmp(w[1], "on") == 0;
	} else if (strcmp(w[0], "drop-reply") == 0 && n >= 2 && n <= 5) {
		bool	cut = strcmp(w[n - 1], "then-cut") == 0;
		long	count = 1, skip = 0, op;

		bad = false;
		op = number(w[1], &bad);
		if (n - cut >= 3)
			count = number(w[2], &bad);
		if (n - cut >= 4)
			skip = number(w[3], &bad);
		bad = bad || n - cut > 4 || !add_rule(op, count, skip, 0, cut);
	} else if (strcmp(w[0], "fail-reply") == 0 && n >= 3 && n <= 5) {
		long	count = 1, error, op, skip = 0;

		bad = false;
		op = number(w[1], &bad);
		error = number(w[2], &bad);
		if (n >= 4)
			skip = number(w[3], &bad);
		if (n == 5)
			count = number(w[4], &bad);
		bad = bad || !add_rule(op, count, skip, -error, false);
	} else if (strcmp(w[0], "freeze-at") == 0 && n >= 2 && n <= 3) {
		bad = false;
		trap.op = (int32_t)number(w[1], &bad);
		trap.nth = n == 3 ? number(w[2], &bad) : 1;
	} else if (strcmp(w[0], "unknown") == 0 && n == 2) {
		long op;

		bad = false;
		op = number(w[1], &bad);
		bad = bad || op < OP_LOW || op > OP_HIGH;
		if (!bad)
			unknown[op - OP_LOW] = true;
	} else if (strcmp(w[0], "garble") == 0) {
		bad = !garble(n, w);
	} else if (n != 1)
		bad = true;
	else if (strcmp(w[0], "no-resume") == 0)
		no_resume = true;
	else if (strcmp(w[0], "thaw") == 0)
		frozen[UP] = frozen[DOWN] = trap.closed = false;
	else if (strcmp(w[0], "heal") == 0) {
		frozen[UP] = frozen[DOWN] = false;
		blackhole[UP] = blackhole[DOWN] = false;
		memset(rules, 0, sizeof(rules));
		memset(&trap, 0, sizeof(trap));
		bad = !refuse(false);
	} else if (strcmp(w[0], "cut") == 0)
		cut_all();
	else if (strcmp(w[0], "corrupt") == 0)
		corrupt();
	else if (strcmp(w[0], "stats") == 0) {
		print_stats(out);
		return (true);
	} else if (strcmp(w[0], "reset-stats") == 0) {
		unsigned long open = stats.open;

		memset(&stats, 0, sizeof(stats));
		stats.open = open;
	} else if (strcmp(w[0], "quit") == 0)
		quit = true;
	else
		bad = true;
	if (!bad)
		fputs("ok\n", out);
	return (!bad);
}

static void
serve_control(void)
{
	const struct timeval	 limit = { 1, 0 };
	char			 line[LINE_MAX_LEN], *w[8], *p = line, *word;
	FILE			*f;
	int			 fd, n = 0;

	if ((fd = accept4(control, NULL, NULL, SOCK_CLOEXEC)) == -1)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if ((f = fdopen(fd, "r+")) == NULL)
		err(1, NULL);
	if (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		while (n < 8 && (word = strsep(&p, " ")) != NULL)
			if (*word != '\0')
				w[n++] = word;
		if (n == 0 || n == 8 || !obey(n, w, f))
			fputs("error cannot do that\n", f);
	}
	fclose(f);
}
