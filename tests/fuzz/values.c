/*
 * The value of any option, mainly durations: the first byte selects the option.
 */
#include "fuzz.h"

#include <inttypes.h>

#include "base/clock.h"
#include "config/options.h"

static void
check_duration(const char *text)
{
	int64_t again, ms;
	char shown[32];

	if (clock_parse_duration(text, &ms) == -1)
		return;
	must(ms >= 0 && ms <= INT64_C(10) * 365 * 86400 * 1000);
	(void)snprintf(shown, sizeof(shown), "%" PRId64 "ms", ms);
	must(clock_parse_duration(shown, &again) == 0 && again == ms);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct options options;
	struct option_source source = { .file = "fuzz", .line = 1 };
	const struct option_spec *spec;
	char *value;
	int result;

	if (size == 0)
		return 0;
	value = fuzz_text(data + 1, size - 1);
	check_duration(value);
	spec = &option_specs[data[0] % option_specs_count];
	if (spec->kind.read != NULL || spec->kind.problem != NULL) {
		options_default(&options);
		fuzz_listen();
		result = options_apply(&options, &source, spec, value);
		must(result == 0 || result == -1);
		must(result == 0 ? fuzz_said()[0] == '\0' :
		    fuzz_is_message(fuzz_said()));
		must(options.servers.count <= SERVERS_MAX);
		must(options.credentials.grant_count <= CREDENTIALS_MAX);
	}
	free(value);
	return 0;
}
