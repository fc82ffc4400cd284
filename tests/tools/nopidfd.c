/*
 * nopidfd: run a command under a system-call filter that refuses pidfds, like a
 * filter that is older than they are.
 *
 *	nopidfd ERRNO COMMAND ...	the filter answers ERRNO
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <err.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_send_signal, 0,
		    1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	const char *problem;

	if (argc < 3)
		errx(2, "usage: nopidfd errno command ...");
	code[3].k |= (unsigned)strtonum(argv[1], 1, 4095, &problem);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == -1 ||
	    prctl(PR_SET_SECCOMP, (long)SECCOMP_MODE_FILTER, &program,
	    0L, 0L) == -1)
		err(2, "cannot set the filter");
	(void)execvp(argv[2], argv + 2);
	err(2, "cannot run '%s'", argv[2]);
}
