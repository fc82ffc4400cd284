/*
 * notified: stands for a service manager.  It binds a datagram socket, at a
 * path or an abstract "@name", and appends each message to a file: "PID LINE".
 * As for a real manager, the kernel supplies the PID of the sender.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
bind_to(const char *where)
{
	struct sockaddr_un	 name = { .sun_family = AF_UNIX };
	socklen_t		 length;
	int			 fd, on = 1;

	if (strlcpy(name.sun_path, where, sizeof(name.sun_path)) >=
	    sizeof(name.sun_path))
		errx(2, "%s: too long", where);
	length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    strlen(where));
	if (where[0] == '@')
		name.sun_path[0] = '\0';
	else
		(void)unlink(where);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)&name, length) == -1)
		err(2, "%s", where);
	return fd;
}

static pid_t
sender_of(struct msghdr *message)
{
	struct cmsghdr	*control;
	struct ucred	 credentials;

	for (control = CMSG_FIRSTHDR(message); control != NULL;
	    control = CMSG_NXTHDR(message, control)) {
		if (control->cmsg_level != SOL_SOCKET ||
		    control->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&credentials, CMSG_DATA(control), sizeof(credentials));
		return credentials.pid;
	}
	return 0;
}

int
main(int argc, char *argv[])
{
	char		 text[4096], control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec	 part = { .iov_base = text,
			    .iov_len = sizeof(text) - 1 };
	struct msghdr	 message = { .msg_iov = &part, .msg_iovlen = 1 };
	char		*line, *rest;
	ssize_t		 length;
	int		 fd, out;

	if (argc != 3) {
		fputs("usage: notified socket file\n", stderr);
		exit(2);
	}
	out = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (out == -1)
		err(2, "%s", argv[2]);
	fd = bind_to(argv[1]);
	for (;;) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		length = recvmsg(fd, &message, 0);
		if (length == -1)
			err(2, "recvmsg");
		text[length] = '\0';
		rest = text;
		while ((line = strsep(&rest, "\n")) != NULL)
			if (line[0] != '\0')
				(void)dprintf(out, "%d %s\n",
				    (int)sender_of(&message), line);
	}
}
