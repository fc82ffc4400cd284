/*
 * Contains the help text, and reports usage errors.
 */
#include "config/help.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/exitcode.h"
#include "base/log.h"

/* The text has at most 70 lines of 80 columns, and defaults in parentheses. */
const char help_text[] =
"usage: zkrun [option ...] -t task [--] command [argument ...]\n"
"Runs a command while holding a lock in ZooKeeper, so that it runs on one\n"
"server at a time.  A duration is a number of seconds, or 500ms, 5m, 22h, 1d.\n"
"\n"
"The lock\n"
"  -t, --task name             the lock; all that use this name take turns\n"
"  -l, --leases number         let that many commands run at a time (1)\n"
"  -b, --base path             the znode above all tasks (/lock/mutex)\n"
"      --recipe semaphore|mutex  the lock of which Java class (semaphore)\n"
"\n"
"Waiting\n"
"  -n, --nonblock              do not wait if another holds the lock\n"
"  -w, --wait duration         give up waiting after this time (wait forever)\n"
"  -E, --conflict-exit-code n  exit status after -n or -w gave up (75)\n"
"\n"
"Running and stopping\n"
"  -m, --max-time duration     stop a longer run, exit 124 (no limit)\n"
"  -s, --signal name           ask the command to stop with this signal (TERM)\n"
"  -k, --kill-after duration   kill it if it has not stopped by then (5s)\n"
"  -o, --orphans wait|kill|leave  for what outlives the command (wait)\n"
"  -g, --group                 pass signals on to all that the command started\n"
"      --hold duration         keep the lock at least this long (0)\n"
"      --on-loss stop|ignore   without contact: stop the command, or not (stop)\n"
"      --notify zkrun|command  who tells systemd that the unit is ready (zkrun)\n"
"\n"
"Once an interval\n"
"  -i, --interval duration     skip the run if a good one began within it\n"
"      --interval-counts success|any  runs that count as good (success)\n"
"      --skip-exit-code n      exit status of a skipped run (0)\n"
"      --runs path             the znode of the records (/lock/runs)\n"
"\n"
"Connecting\n"
"  -c, --connect servers       host:port,host:port/chroot (127.0.0.1:2181)\n"
"  -T, --session-timeout time  when a machine fails, its lock is free then (30s)\n"
"  -r, --max-retries number    retries after the first attempt, or forever (3)\n"
"      --retry-sleep duration  pause between two attempts (1s)\n"
"      --retry-cap duration    double the pause up to this (no doubling)\n"
"      --retry-for duration    stop retrying after this time (no limit)\n"
"      --connect-timeout time  time limit of one attempt (15s)\n"
"\n"
"Access\n"
"  -a, --auth-file file        credentials for ZooKeeper\n"
"      --acl scheme:id:perms,...  who may use the znodes\n"
"\n"
"Messages and settings\n"
"  -q, --quiet                 errors only\n"
"  -v, --verbose               say each step\n"
"      --syslog[=facility]     write to the system's log as well (daemon)\n"
"  -f, --config file           read settings from here (/etc/zkrun.conf)\n"
"  -h, --help                  print this help\n"
"  -V, --version               print the version\n"
"\n"
"Instead of running a command (zkrun-status(1))\n"
"      --status [task ...]     who holds, who waits, what the last run did\n"
"      --json                  print --status as JSON\n"
"      --pause task [reason]   let no new run start until --resume\n"
"      --resume task [user]    lift a pause\n"
"      --revoke task           ask the holder to stop and release the lock\n"
"      --break task            delete the lease nodes of the holders\n"
"      --forget [task ...]     delete records of runs; list them without a task\n"
"      --yes                   do not ask before --break or --forget\n"
"      --check                 inside a command: is the lock still held?\n"
"\n"
"Examples\n"
"  zkrun -t backup -- backup.sh              wait for the lock, then run\n"
"  zkrun -n -t sync -- sync.sh               run now or not at all\n"
"  zkrun -i 22h -c zk1,zk2,zk3 -t report -- report.sh   once a day on any server\n"
"\n"
"Manual: zkrun(1), zkrun-status(1), zkrun.conf(5), zkrun-lock(7),\n"
"zkrun-messages(7)\n";

int
help_refuse(const char *format, ...)
{
	char text[1024];
	size_t length;
	bool joins;
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	length = strlen(text);
	/* Join the hint to a remark that already stands in parentheses. */
	joins = length > 0 && text[length - 1] == ')';
	if (joins)
		text[length - 1] = '\0';
	log_error("%s%stry 'zkrun --help')", text, joins ? "; " : " (");
	return EXITCODE_USAGE;
}
