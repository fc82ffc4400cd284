/*
 * znode: show and change znodes for a test, over its own connection.  znode is
 * an independent witness, because it shares no code with zkrun.
 */
#include <sys/signalfd.h>

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <unistd.h>

#include "zkwait.h"

#define CONTAINER_OWNER	INT64_MIN	/* 0x8000000000000000 */

static int	stop_fd = -1;		/* signalfd of TERM and INT */
static bool	parents, ephemeral, sequential, container;

static void
usage(void)
{
	fputs(
"usage: znode -c host:port [-a scheme:credential] command\n"
"  ls PATH               children, sorted, one a line\n"
"  tree PATH             PATH and everything below, full paths\n"
"  stat PATH             key=value lines: czxid mzxid ctime mtime cversion\n"
"                        ephemeral_owner (0x hex) num_children data_length\n"
"                        container (yes/unknown: today's servers do not tell\n"
"                        a container from a plain node)\n"
"  czxid PATH            decimal\n"
"  get PATH              the data, unchanged\n"
"  acl PATH              scheme:id:perms lines, perms of \"rwcda\"\n"
"  setacl PATH PERMS     let everybody do these of \"rwcda\", and no more\n"
"  create PATH [DATA] [-p] [--ephemeral] [--sequential] [--container]\n"
"                        prints the path; -p makes missing parents as\n"
"                        containers; with --ephemeral the node is held until\n"
"                        stdin ends or SIGTERM\n"
"  set PATH DATA\n"
"  rm PATH               a node without children\n"
"  rmr PATH              PATH and everything below\n"
"  expire SESSION_HEX    end another client's session on the server\n"
"  watch PATH            until SIGTERM: \"MS . watching\" once, then one line\n"
"                        a child: \"MS + name\" made, \"MS - name\" gone; MS is\n"
"                        CLOCK_BOOTTIME in milliseconds.  PATH may come and\n"
"                        go.  A child made and gone between two listings is\n"
"                        not seen.\n"
"  plant PATH            create many nodes below PATH, which must exist: reads\n"
"                        lines \"TYPE NAME [DATA]\", prints \"planted N\" at\n"
"                        the end, and keeps ephemeral nodes until SIGTERM.\n"
"                        TYPE is p (persistent, may exist), e (ephemeral) or\n"
"                        s (ephemeral sequential); \\n in DATA is a newline\n"
"exit status: 0, 1 no such node or session, 2 any other error\n", stderr);
	exit(EXIT_FAULT);
}

static char *
child_path(const char *path, const char *name)
{
	char *s;

	if (asprintf(&s, "%s/%s", strcmp(path, "/") == 0 ? "" : path, name) ==
	    -1)
		err(EXIT_FAULT, NULL);
	return (s);
}

static int
delete_node(const char *path)
{
	struct answer a = { 0 };

	return (await(&a, zoo_adelete(zh, path, -1, on_void, &a)));
}

/* Print, or delete, the node at path and all nodes below. */
static void
walk(const char *path, bool delete)
{
	struct String_vector	 names = { 0, NULL };
	char			*child;
	int			 i, rc;

	check(list(path, false, &names), path);
	if (!delete)
		puts(path);
	for (i = 0; i < names.count; i++) {
		child = child_path(path, names.data[i]);
		walk(child, delete);
		free(child);
	}
	deallocate_String_vector(&names);
	/* The server may have deleted a container meanwhile. */
	if (delete && (rc = delete_node(path)) != ZNONODE)
		check(rc, path);
}

static void
print_stat(const char *path, bool only_czxid)
{
	struct answer	a = { 0 };
	struct Stat	*s = &a.stat;

	check(await(&a, zoo_aexists(zh, path, 0, on_stat, &a)), path);
	if (only_czxid) {
		printf("%" PRId64 "\n", s->czxid);
		return;
	}
	printf("czxid=%" PRId64 "\nmzxid=%" PRId64 "\nctime=%" PRId64
	    "\nmtime=%" PRId64 "\ncversion=%d\nephemeral_owner=0x%" PRIx64
	    "\nnum_children=%d\ndata_length=%d\ncontainer=%s\n", s->czxid,
	    s->mzxid, s->ctime, s->mtime, s->cversion,
	    (uint64_t)s->ephemeralOwner, s->numChildren, s->dataLength,
	    s->ephemeralOwner == CONTAINER_OWNER ? "yes" : "unknown");
}

static void
make_parents(const char *path)
{
	char	*copy, *slash;

	if ((copy = strdup(path)) == NULL)
		err(EXIT_FAULT, NULL);
	for (slash = strchr(copy + 1, '/'); slash != NULL;
	    slash = strchr(slash + 1, '/')) {
		struct answer	a = { 0 };
		int		rc;

		*slash = '\0';
		rc = await(&a, zoo_acreate(zh, copy, "", 0,
		    &ZOO_OPEN_ACL_UNSAFE, ZOO_CONTAINER, on_string, &a));
		if (rc != ZNODEEXISTS)
			check(rc, copy);
		free(a.data);
		*slash = '/';
	}
	free(copy);
}

static void
create(const char *path, const char *data)
{
	struct answer	a = { 0 };
	char		buf[256];
	int		flags;

	flags = container ? ZOO_CONTAINER : (ephemeral ? ZOO_EPHEMERAL : 0) |
	    (sequential ? ZOO_SEQUENCE : 0);
	if (parents)
		make_parents(path);
	check(await(&a, zoo_acreate(zh, path, data, (int)strlen(data),
	    &ZOO_OPEN_ACL_UNSAFE, flags, on_string, &a)), path);
	puts(a.data);
	free(a.data);
	if (!ephemeral)
		return;
	fflush(stdout);
	for (;;) {
		struct pollfd pfd = { stop_fd, POLLIN, 0 };

		if (turn(STDIN_FILENO, 100) &&
		    read(STDIN_FILENO, buf, sizeof(buf)) <= 0)
			return;
		if (poll(&pfd, 1, 0) == 1)
			return;
	}
}

/* Print, with the sign, the names of one sorted list that the other lacks. */
static void
difference(const struct String_vector *in, const struct String_vector *not_in,
    char sign, double at)
{
	int i;

	for (i = 0; i < in->count; i++)
		if (not_in->count == 0 || bsearch(&in->data[i], not_in->data,
		    (size_t)not_in->count, sizeof(char *), by_name) == NULL)
			printf("%.3f %c %s\n", at, sign, in->data[i]);
}

static void
watch(const char *path)
{
	struct String_vector	old = { 0, NULL }, new;
	bool			first = true;
	double			at;
	int			rc;

	for (;;) {
		changed = false;
		rc = list(path, true, &new);
		at = now_ms();
		if (rc == ZNONODE) {
			struct answer a = { 0 };

			rc = await(&a, zoo_aexists(zh, path, 1, on_stat, &a));
			if (rc == ZOK)
				continue;	/* created meanwhile */
			if (rc == ZNONODE)
				rc = ZOK;
		}
		if (rc == ZCONNECTIONLOSS || rc == ZOPERATIONTIMEOUT) {
			turn(-1, 100);
			continue;
		}
		check(rc, path);
		if (first)
			printf("%.3f . watching\n", at);
		else {
			difference(&old, &new, '-', at);
			difference(&new, &old, '+', at);
		}
		first = false;
		fflush(stdout);
		deallocate_String_vector(&old);
		old = new;
		while (!changed)
			if (turn(stop_fd, 1000))
				return;
	}
}

static size_t	planting;	/* requests without an answer */

static void
on_planted(int rc, const char *path, const void *may_exist)
{
	if (rc != ZNODEEXISTS || may_exist == NULL)
		check(rc, path != NULL ? path : "a node to plant");
	planting--;
}

static void
plant_line(const char *base, char *line)
{
	char	*data, *newline, *path;
	int	 flags;

	line[strcspn(line, "\n")] = '\0';
	if (strlen(line) < 3 || line[1] != ' ')
		errx(EXIT_FAULT, "%s: not a node to plant", line);
	data = line + 2 + strcspn(line + 2, " ");
	if (*data != '\0')
		*data++ = '\0';
	while ((newline = strstr(data, "\\n")) != NULL) {
		*newline = '\n';
		memmove(newline + 1, newline + 2, strlen(newline + 2) + 1);
	}
	path = child_path(base, line + 2);
	flags = line[0] == 'e' ? ZOO_EPHEMERAL : line[0] == 's' ?
	    ZOO_EPHEMERAL_SEQUENTIAL : ZOO_PERSISTENT;
	check(zoo_acreate(zh, path, data, (int)strlen(data),
	    &ZOO_OPEN_ACL_UNSAFE, flags, on_planted,
	    line[0] == 'p' ? line : NULL), path);
	planting++;
	free(path);
}

/* Send all requests without waiting for each answer. */
static void
plant(const char *base)
{
	char	*line = NULL;
	size_t	 size = 0, n;

	for (n = 0; getline(&line, &size, stdin) > 0; n++) {
		plant_line(base, line);
		while (planting > 500)
			turn(-1, 100);
	}
	free(line);
	while (planting > 0)
		turn(-1, 100);
	printf("planted %zu\n", n);
	fflush(stdout);
	while (!turn(stop_fd, 1000))
		continue;
}

/*
 * The server makes a session's password from its id alone: the first 16 bytes
 * of java.util.Random, seeded with the id and a constant.
 */
static void
password(int64_t id, char out[16])
{
	const uint64_t	mask = (1ULL << 48) - 1, factor = 0x5DEECE66DULL;
	uint64_t	seed = (((uint64_t)id ^ 0xB3415C00ULL) ^ factor) & mask;
	uint32_t	word = 0;
	int		i;

	for (i = 0; i < 16; i++) {
		if (i % 4 == 0) {
			seed = (seed * factor + 0xB) & mask;
			word = (uint32_t)(seed >> 16);
		}
		out[i] = (char)(word & 0xff);
		word >>= 8;
	}
}

/*
 * zookeeper_close() proves nothing, so attach and close until the server says
 * that the session does not exist.  The session's ephemeral nodes may exist
 * longer; a sync waits until they are deleted.
 */
static void
expire(const char *hosts, const char *hex)
{
	struct answer	 a = { 0 };
	clientid_t	 id;
	char		*end;
	bool		 existed = false;

	errno = 0;
	id.client_id = (int64_t)strtoull(hex, &end, 16);
	if (errno != 0 || end == hex || *end != '\0' || id.client_id == 0)
		errx(EXIT_FAULT, "%s: not a session id", hex);
	password(id.client_id, id.passwd);
	while (connect_to(hosts, &id)) {
		existed = true;
		zookeeper_close(zh);
	}
	connect_to(hosts, NULL);
	check(await(&a, zoo_async(zh, "/", on_string, &a)), "sync");
	free(a.data);
	if (!existed)
		errx(EXIT_NO, "%s: no such session", hex);
}

/* Replace the ACL by a single entry, for everybody. */
static void
set_acl(const char *path, const char *letters)
{
	static const char	 all[] = "rwcda";	/* bit 0, 1, ... */
	struct ACL		 entry = { 0, ZOO_ANYONE_ID_UNSAFE };
	struct ACL_vector	 acl = { 1, &entry };
	struct answer		 a = { 0 };
	const char		*found;

	for (; *letters != '\0'; letters++) {
		found = strchr(all, *letters);
		if (found == NULL)
			usage();
		entry.perms |= 1 << (found - all);
	}
	check(await(&a, zoo_aset_acl(zh, path, -1, &acl, on_void, &a)), path);
}

static void
run(const char *command, const char *path, const char *data)
{
	struct String_vector	names = { 0, NULL };
	struct answer		a = { 0 };
	int			i;

	if (strcmp(command, "ls") == 0) {
		check(list(path, false, &names), path);
		for (i = 0; i < names.count; i++)
			puts(names.data[i]);
		deallocate_String_vector(&names);
	} else if (strcmp(command, "tree") == 0)
		walk(path, false);
	else if (strcmp(command, "rmr") == 0)
		walk(path, true);
	else if (strcmp(command, "rm") == 0)
		check(delete_node(path), path);
	else if (strcmp(command, "stat") == 0)
		print_stat(path, false);
	else if (strcmp(command, "czxid") == 0)
		print_stat(path, true);
	else if (strcmp(command, "get") == 0) {
		check(await(&a, zoo_aget(zh, path, 0, on_data, &a)), path);
		fwrite(a.data, 1, (size_t)a.len, stdout);
		free(a.data);
	} else if (strcmp(command, "acl") == 0)
		check(await(&a, zoo_aget_acl(zh, path, on_acl, &a)), path);
	else if (strcmp(command, "set") == 0)
		check(await(&a, zoo_aset(zh, path, data, (int)strlen(data), -1,
		    on_stat, &a)), path);
	else if (strcmp(command, "setacl") == 0)
		set_acl(path, data);
	else if (strcmp(command, "create") == 0)
		create(path, data == NULL ? "" : data);
	else if (strcmp(command, "plant") == 0)
		plant(path);
	else
		watch(path);
}

/* Check the number of arguments after a command's name. */
static void
check_arguments(const char *command, int n, bool flags)
{
	static const char *const one[] = { "ls", "tree", "stat", "czxid", "get",
	    "acl", "rm", "rmr", "expire", "watch", "plant" };
	size_t i;

	if (strcmp(command, "create") == 0 && (n == 1 || n == 2))
		return;
	if (flags)
		usage();
	if ((strcmp(command, "set") == 0 || strcmp(command, "setacl") == 0) &&
	    n == 2)
		return;
	for (i = 0; i < sizeof(one) / sizeof(one[0]); i++)
		if (strcmp(command, one[i]) == 0 && n == 1)
			return;
	usage();
}

int
main(int argc, char *argv[])
{
	static const struct option longopts[] = {
		{ "ephemeral", no_argument, NULL, 'e' },
		{ "sequential", no_argument, NULL, 's' },
		{ "container", no_argument, NULL, 'k' },
		{ NULL, 0, NULL, 0 }
	};
	const char	*hosts = NULL;
	char		*auth = NULL, *colon = NULL;
	struct answer	 a = { 0 };
	sigset_t	 stop;
	int		 ch;

	while ((ch = getopt_long(argc, argv, "a:c:p", longopts, NULL)) != -1) {
		switch (ch) {
		case 'a':
			auth = optarg;
			break;
		case 'c':
			hosts = optarg;
			break;
		case 'p':
			parents = true;
			break;
		case 'e':
			ephemeral = true;
			break;
		case 's':
			sequential = true;
			break;
		case 'k':
			container = true;
			break;
		default:
			usage();
		}
	}
	argc -= optind;
	argv += optind;
	if (hosts == NULL || argc < 2 ||
	    (auth != NULL && (colon = strchr(auth, ':')) == NULL) ||
	    (container && (ephemeral || sequential)))
		usage();
	check_arguments(argv[0], argc - 1,
	    parents || ephemeral || sequential || container);

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	if (strcmp(argv[0], "watch") == 0 || strcmp(argv[0], "plant") == 0 ||
	    ephemeral) {
		sigprocmask(SIG_BLOCK, &stop, NULL);
		if ((stop_fd = signalfd(-1, &stop, SFD_CLOEXEC)) == -1)
			err(EXIT_FAULT, "signalfd");
	}
	if (strcmp(argv[0], "expire") == 0)
		expire(hosts, argv[1]);
	else {
		connect_to(hosts, NULL);
		if (auth != NULL) {
			*colon = '\0';
			check(await(&a, zoo_add_auth(zh, auth, colon + 1,
			    (int)strlen(colon + 1), on_void, &a)), auth);
		}
		run(argv[0], argv[1], argv[2]);
	}
	zookeeper_close(zh);
	if (fflush(stdout) == EOF)
		err(EXIT_FAULT, "stdout");
	return (0);
}
