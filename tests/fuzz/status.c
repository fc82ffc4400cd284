/*
 * --status: whatever the nodes contain, the JSON is valid UTF-8 without control
 * characters, and the table is clean.
 */
#include "tasks.h"

#include "query/status_print.h"

#define DEPTH	16

/* Each function skips what it recognizes and stops before anything else. */
static void	skip_value(const char **, int);

static void
skip(const char **json, char wanted)
{
	must(**json == wanted);
	++*json;
}

static void
skip_string(const char **json)
{
	skip(json, '"');
	while (**json != '"') {
		must((unsigned char)**json >= 0x20);
		if (**json == '\\') {
			++*json;
			must(**json != '\0' &&
			    strchr("\"\\/bfnrtu", **json) != NULL);
			if (**json == 'u')
				must(strspn(*json + 1, "0123456789abcdef") >=
				    4);
		}
		++*json;
	}
	skip(json, '"');
}

static void
skip_list(const char **json, char open, char close, int depth)
{
	must(depth < DEPTH);
	skip(json, open);
	if (**json != close)
		for (;;) {
			if (open == '{') {
				skip_string(json);
				skip(json, ':');
			}
			skip_value(json, depth + 1);
			*json += strspn(*json, "\n");
			if (**json != ',')
				break;
			++*json;
		}
	skip(json, close);
}

static void
skip_value(const char **json, int depth)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t i;

	if (**json == '{')
		skip_list(json, '{', '}', depth);
	else if (**json == '[')
		skip_list(json, '[', ']', depth);
	else if (**json == '"')
		skip_string(json);
	else if (**json == '-' || (**json >= '0' && **json <= '9')) {
		*json += **json == '-';
		must(**json != '\0' && strspn(*json, "0123456789") > 0);
		*json += strspn(*json, "0123456789");
	} else {
		for (i = 0; strncmp(*json, words[i], strlen(words[i])) != 0;)
			must(++i < sizeof(words) / sizeof(words[0]));
		*json += strlen(words[i]);
	}
}

static char *
print(void (*how)(const struct survey *, FILE *), const struct survey *survey)
{
	char *text = NULL;
	size_t size;
	FILE *out;

	out = open_memstream(&text, &size);
	must(out != NULL);
	how(survey, out);
	must(fclose(out) == 0 && strlen(text) == size);
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct options options = { .base = "/lock/mutex" };
	struct survey survey;
	char *shown, *text = fuzz_text(data, size);
	const char *json;

	survey_make(&survey, &options, text);
	json = shown = print(status_print_json, &survey);
	must(fuzz_is_clean(json, true));
	skip_value(&json, 0);
	must(strcmp(json, "\n") == 0);
	free(shown);
	shown = print(status_print_table, &survey);
	must(fuzz_is_clean(shown, true));
	free(shown);
	survey_free(&survey);
	free(text);
	return 0;
}
