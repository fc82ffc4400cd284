/*
 * nocalls: runs a command under a filter that answers system calls with an error,
 * as an older kernel or a container's filter does.
 *
 *	nocalls ERRNO FIRST LAST COMMAND ...	the calls numbered FIRST to LAST
 *
 * Since Linux 5.1 a new call has the same number on all architectures: all calls
 * from 424 on are newer than Linux 4.18.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <err.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned
number(const char *text)
{
	const char *problem;
	unsigned value;

	value = (unsigned)strtonum(text, 1, 4095, &problem);
	if (problem != NULL)
		errx(2, "%s: %s", text, problem);
	return value;
}

int
main(int argc, char *argv[])
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (argc < 5)
		errx(2, "usage: nocalls errno first last command ...");
	code[3].k |= number(argv[1]);
	code[1].k = number(argv[2]);
	code[2].k = number(argv[3]);
	/* Root may set a filter and still run set-uid programs. */
	if ((geteuid() != 0 &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == -1) ||
	    prctl(PR_SET_SECCOMP, (long)SECCOMP_MODE_FILTER, &program,
	    0L, 0L) == -1)
		err(2, "cannot set the filter");
	(void)execvp(argv[4], argv + 4);
	err(2, "cannot run '%s'", argv[4]);
}
