# report.awk: print the lines that were never run, and the table of coverage.
#
# The arguments are the exceptions, the counts (file, line, count, function) and
# the sources.  An exception is a line "FILE FUNCTION N REASON": up to N lines
# of FUNCTION are never run.  The exit status is 1 if coverage is below the bar
# or a line that was never run has no reason.

FNR == 1 {
	file_number++
}

file_number == 1 {
	if (/^#/ || NF == 0)
		next
	place = "src/" $1 " " $2
	allowed[place] = $3
	sub(/^[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+/, "")
	reason[place] = $0
	next
}

# Each object that has a header's function counts it separately.
file_number == 2 {
	key = $1 ":" $2
	if (!(key in count))
		lines[$1]++
	count[key] += $3
	place_of[key] = $1 " " $4
	next
}

{
	key = FILENAME ":" FNR
	if (!(key in count) || count[key] > 0)
		next
	never[FILENAME]++
	place = place_of[key]
	if (missed[place]++ == 0)
		places[++n] = place
	text[place] = text[place] sprintf("%6d  %s\n", FNR, $0)
}

END {
	for (i = 1; i <= n; i++) {
		place = places[i]
		over = missed[place] - allowed[place]
		printf("%s():", place)
		if (over > 0) {
			without += over
			printf(" NO REASON FOR %d:", over)
		}
		printf(" %s\n%s\n", reason[place], text[place])
	}
	for (name in lines) {
		all += lines[name]
		all_never += never[name]
		print_line(name, lines[name], never[name], "sort -k 6n -k 1")
	}
	close("sort -k 6n -k 1")
	print_line("all", all, all_never, "cat")
	close("cat")
	if (without)
		printf("%d lines were never run, and no reason is given\n",
		    without)
	if (percent(all, all_never) < bar)
		printf("that is less than %d %%\n", bar)
	exit(without > 0 || percent(all, all_never) < bar)
}

function percent(of, zeros)
{
	return of == 0 ? 100 : 100 * (of - zeros) / of
}

function print_line(name, of, zeros, to)
{
	printf("%-32s %5d lines, %4d never: %5.1f %%\n", name, of, zeros,
	    percent(of, zeros)) | to
}
