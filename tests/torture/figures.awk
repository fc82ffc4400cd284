# figures.awk: print the figures of a round that check.awk has read.

function sort_early(    i, j, x)
{
	for (i = 2; i <= earlies; i++) {
		x = early[i]
		for (j = i - 1; j > 0 && early[j] > x; j--)
			early[j + 1] = early[j]
		early[j + 1] = x
	}
}

function list_of(counts,    k, text)
{
	for (k in counts)
		text = text (text == "" ? "" : ", ") k ": " counts[k]
	return text
}

# How many faults had contenders or tasks of the recipe as their targets?
function faults_of(which,    k, sum)
{
	for (k in aimed)
		if ((k in task_of ? recipe[task_of[k]] : recipe[k]) == which)
			sum += aimed[k]
	return sum + 0
}

function print_figures(    t, k)
{
	printf "%d runs of commands in %d tries, %d hand-offs\n",
	    all_of(worked), runs, all_of(handed)
	for (k in tried)
		if (k != "")
			printf "%s: %d runs of commands in %d tries, " \
			    "%d hand-offs, %d faults of its processes and " \
			    "sessions, %d promises broken\n", k, worked[k],
			    tried[k], handed[k], faults_of(k), violated[k]
	print "zkrun ended in: " list_of(outcome)
	printf "%d faults: %s\n", faults, list_of(count)
	for (t in limit)
		printf "%s: longest time without a holder while somebody " \
		    "waited: %s, %s after the beginning\n", t,
		    seconds(idle[t]), seconds(idle_at[t] - first)
	sort_early()
	if (earlies > 0)
		printf "%d commands killed without contact, the last sign " \
		    "before the servers let the lease go by: least %s, median %s, " \
		    "most %s\n", earlies, seconds(early[1]),
		    seconds(early[int((earlies + 1) / 2)]),
		    seconds(early[earlies])
	printf "%d promises broken\n", violations
	if (earliest)
		printf "first broken %.0f s after the beginning\n",
		    (earliest - first) / 1000000
}
