/*
 * stallfs: a file server that can stop answering.
 *
 *	stallfs DIR CONTROL
 *
 * stallfs mounts a FUSE file system of ten files, named 0 to 9, on DIR, and
 * prints "up".  It serves until it is killed; then every open request fails.
 * Each line of the file CONTROL names requests that get no answer while the
 * file has this line:
 *
 *	flush 4242	close(2) of process 4242
 *	write all	write(2) of every process
 *	any 4242	any request of process 4242
 *
 * The names are flush, getattr, open, read and write.  stallfs prints "held
 * NAME PID" for each request that it does not answer.  Attributes are never
 * cached, so fstat(2) asks the server.
 */
#include <linux/fuse.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES		10
#define FIRST_FILE	(FUSE_ROOT_ID + 1)
#define FILE_SIZE	65536		/* data beyond this is lost */
#define REQUEST_SIZE	(256 * 1024)
#define NAMES_LAST_S	3600
#define RECHECK_MS	20

struct request {
	struct fuse_in_header	head;
	char			body[REQUEST_SIZE];
};

struct file {
	char		text[FILE_SIZE];
	uint64_t	size;
};

struct held {
	struct fuse_in_header	head;
	struct held		*next;
	char			body[];
};

static const struct {
	uint32_t	opcode;
	const char	*name;
} opcodes[] = {
	{ FUSE_FLUSH, "flush" },
	{ FUSE_GETATTR, "getattr" },
	{ FUSE_OPEN, "open" },
	{ FUSE_READ, "read" },
	{ FUSE_WRITE, "write" },
};

static int		 device;
static const char	*control;
static struct file	 files[FILES];
static struct held	*all_held;

static const char *
opcode_name(uint32_t opcode)
{
	size_t i;

	for (i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]); i++)
		if (opcodes[i].opcode == opcode)
			return (opcodes[i].name);
	return ("other");
}

/* Does a line of the control file hold this request back? */
static bool
is_stalled(const struct fuse_in_header *head)
{
	char	 what[16], whose[16], pid[16];
	bool	 found = false;
	FILE	*file;

	if ((file = fopen(control, "re")) == NULL)
		return (false);
	snprintf(pid, sizeof(pid), "%u", head->pid);
	while (!found && fscanf(file, "%15s %15s", what, whose) == 2)
		found = (strcmp(what, "any") == 0 ||
		    strcmp(what, opcode_name(head->opcode)) == 0) &&
		    (strcmp(whose, "all") == 0 || strcmp(whose, pid) == 0);
	fclose(file);
	return (found);
}

static void
answer(const struct fuse_in_header *head, int error, const void *data,
    size_t size)
{
	struct fuse_out_header	out = { .error = error,
				    .unique = head->unique };
	char			buffer[sizeof(out) + FILE_SIZE];

	out.len = (uint32_t)(sizeof(out) + size);
	memcpy(buffer, &out, sizeof(out));
	if (size > 0)
		memcpy(buffer + sizeof(out), data, size);
	/* ENOENT: the caller was killed, which removed its request. */
	if (write(device, buffer, out.len) == -1 && errno != ENOENT)
		err(1, "answer");
}

static struct file *
file_of(uint64_t node)
{
	return (node < FIRST_FILE || node >= FIRST_FILE + FILES ? NULL :
	    &files[node - FIRST_FILE]);
}

static struct fuse_attr
attributes(uint64_t node)
{
	struct file		*file = file_of(node);
	struct fuse_attr	 attr = { .ino = node, .nlink = 1,
				    .blksize = 4096 };

	attr.mode = file == NULL ? S_IFDIR | 0755 : S_IFREG | 0666;
	attr.size = file == NULL ? 0 : file->size;
	return (attr);
}

static void
look_up(const struct fuse_in_header *head, const char *name)
{
	struct fuse_entry_out entry = { .entry_valid = NAMES_LAST_S };

	if (!isdigit((unsigned char)name[0]) || name[1] != '\0') {
		answer(head, -ENOENT, NULL, 0);
		return;
	}
	entry.nodeid = FIRST_FILE + (uint64_t)(name[0] - '0');
	entry.attr = attributes(entry.nodeid);
	answer(head, 0, &entry, sizeof(entry));
}

static void
take(const struct fuse_in_header *head, const struct fuse_write_in *in)
{
	struct file		*file = file_of(head->nodeid);
	struct fuse_write_out	 out = { .size = in->size };

	if (in->offset + in->size <= FILE_SIZE) {
		memcpy(file->text + in->offset, in + 1, in->size);
		if (in->offset + in->size > file->size)
			file->size = in->offset + in->size;
	}
	answer(head, 0, &out, sizeof(out));
}

static void
give(const struct fuse_in_header *head, const struct fuse_read_in *in)
{
	struct file	*file = file_of(head->nodeid);
	uint64_t	 size = in->size;

	if (in->offset >= file->size)
		size = 0;
	else if (size > file->size - in->offset)
		size = file->size - in->offset;
	answer(head, 0, file->text + in->offset, size);
}

static void
carry_out(const struct fuse_in_header *head, const void *body)
{
	const struct fuse_setattr_in	*change = body;
	struct fuse_init_out		 init = { .major = FUSE_KERNEL_VERSION,
					    .minor = 31, .max_readahead = 65536,
					    .max_background = 16,
					    .congestion_threshold = 12,
					    .max_write = 32768,
					    .time_gran = 1 };
	struct fuse_attr_out		 attr = { 0 };
	struct fuse_open_out		 opened = { 0 };
	struct fuse_statfs_out		 statfs = { .st.bsize = 4096,
					    .st.namelen = 255,
					    .st.frsize = 4096 };

	switch (head->opcode) {
	case FUSE_INIT:
		answer(head, 0, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		look_up(head, body);
		break;
	case FUSE_SETATTR:
		if ((change->valid & FATTR_SIZE) != 0 &&
		    file_of(head->nodeid) != NULL)
			file_of(head->nodeid)->size =
			    change->size < FILE_SIZE ? change->size : FILE_SIZE;
		/* FALLTHROUGH */
	case FUSE_GETATTR:
		attr.attr = attributes(head->nodeid);
		answer(head, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		answer(head, 0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		give(head, body);
		break;
	case FUSE_WRITE:
		take(head, body);
		break;
	case FUSE_STATFS:
		answer(head, 0, &statfs, sizeof(statfs));
		break;
	case FUSE_READDIR:
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		answer(head, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;			/* these expect no answer */
	default:
		answer(head, -ENOSYS, NULL, 0);
		break;
	}
}

static void
hold(const struct fuse_in_header *head, const void *body)
{
	size_t		 size = head->len - sizeof(*head);
	struct held	*held = calloc(1, sizeof(*held) + size);

	if (held == NULL)
		err(1, NULL);
	held->head = *head;
	memcpy(held->body, body, size);
	held->next = all_held;
	all_held = held;
	printf("held %s %u\n", opcode_name(head->opcode), head->pid);
	fflush(stdout);
}

/* Answer the requests that the control file no longer names. */
static void
let_go(void)
{
	struct held **link = &all_held, *held;

	while ((held = *link) != NULL) {
		if (is_stalled(&held->head)) {
			link = &held->next;
			continue;
		}
		*link = held->next;
		carry_out(&held->head, held->body);
		free(held);
	}
}

int
main(int argc, char *argv[])
{
	static struct request	request;
	struct pollfd		pfd = { .events = POLLIN };
	char			options[128];

	if (argc != 3)
		errx(2, "usage: stallfs DIR CONTROL");
	control = argv[2];
	if ((device = open("/dev/fuse", O_RDWR | O_CLOEXEC)) == -1)
		err(2, "/dev/fuse");
	snprintf(options, sizeof(options),
	    "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
	if (mount("stallfs", argv[1], "fuse", MS_NOSUID | MS_NODEV,
	    options) == -1)
		err(2, "mount %s", argv[1]);
	puts("up");
	fflush(stdout);
	pfd.fd = device;
	for (;;) {
		if (poll(&pfd, 1, all_held == NULL ? -1 : RECHECK_MS) == 1) {
			if (read(device, &request, sizeof(request)) == -1) {
				if (errno == ENODEV)
					return (0);	/* unmounted */
				if (errno == ENOENT || errno == EINTR)
					continue;
				err(1, "read");
			}
			if (is_stalled(&request.head))
				hold(&request.head, request.body);
			else
				carry_out(&request.head, request.body);
		}
		let_go();
	}
}
