/*
 * The configuration file: zkrun accepts it, or prints one line with the error.
 */
#include "fuzz.h"

#include <getopt.h>

#include "base/clock.h"
#include "base/exitcode.h"
#include "config/arguments.h"
#include "config/options.h"

static bool
ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct options options;
	char zkrun[] = "zkrun", f[] = "-f", t[] = "-t", task[] = "task",
	    command[] = "true";
	char *path = (char *)(uintptr_t)fuzz_file(data, size);
	char *argv[] = { zkrun, f, path, t, task, command, NULL };
	int status;

	fuzz_listen();
	optind = 0;
	status = arguments_parse(&options, 6, argv);
	must(status == ARGUMENTS_RUN || status == EXITCODE_CONFIG ||
	    status == EXITCODE_USAGE);
	if (status != ARGUMENTS_RUN) {
		must(fuzz_is_message(fuzz_said()));
		return 0;
	}
	must(fuzz_said()[0] == '\0');
	must(options.mode == OPTIONS_RUN && options.task == task &&
	    options.command[0] == command);
	must(options.servers.count > 0 && options.servers.count <= SERVERS_MAX);
	must(ends(options.base, sizeof(options.base)) &&
	    ends(options.runs, sizeof(options.runs)) &&
	    ends(options.connect, sizeof(options.connect)) &&
	    ends(options.auth_file, sizeof(options.auth_file)));
	must(options.session_timeout_ms >= 1000 &&
	    options.session_timeout_ms <= 86400000);
	must(options.max_leases >= 1 && options.interval_ms >= 0 &&
	    options.wait_ms >= 0 && options.hold_ms >= 0 &&
	    options.hold_ms < CLOCK_NEVER && options.kill_after_ms >= 0);
	must(options.conflict_exit_code >= 0 &&
	    options.conflict_exit_code <= 255 && options.skip_exit_code >= 0 &&
	    options.skip_exit_code <= 255);
	must(options.credentials.grant_count <= CREDENTIALS_MAX);
	return 0;
}
