# check.awk: was every promise kept?  Reads a history (see history.awk) and
# prints broken promises, then the figures.  Exits 1 if a promise was broken,
# and 2 if the servers themselves forgot what they had decided.
#
# awk -f check.awk -f figures.awk [-v moved=US] [-v crowded=1] HISTORY
#
# moved: how much the wall clock, which the servers use, moved against the clock
# of the signs.  crowded: the machine ran out of processes at times; only then
# status 71 is true.

function value(key,    i)
{
	for (i = 3; i <= NF; i++)
		if (index($i, key "=") == 1)
			return substr($i, length(key) + 2)
	return ""
}

# broken(PROMISE, TEXT, AT, TASK): AT is 0 and TASK empty if unknown.
function broken(promise, text, at, t)
{
	print "BROKEN " promise ": " text
	violations++
	if (t != "")
		violated[recipe[t]]++
	if (at > 0 && (!earliest || at < earliest))
		earliest = at
}

# Did the disk of a run's output stall?
function stalled(r,    i)
{
	for (i = 1; disk[r] != "" && i <= stalls; i++)
		if (stall[i] <= (end[r] > last[r] ? end[r] : last[r]) &&
		    stalled_until[i] >= start[r])
			return 1
	return 0
}

# The name of a run, for people.
function name(r)
{
	return task[r] " " who[r] " run " n[r] (stalled(r) ? \
	    " (" disk[r] " on a disk that stalled)" : "")
}

function seconds(us)
{
	return sprintf("%.3f s", us / 1000000)
}

$2 == "run" {
	r = ++runs
	kind[r] = value("kind"); who[r] = value("who"); n[r] = value("n")
	task[r] = value("task"); leases[r] = value("leases") + 0
	if (task[r] != "") {
		task_of[who[r]] = task[r]
		limit[task[r]] = leases[r]
		recipe[task[r]] = value("recipe")
	}
	start[r] = value("start") + 0; end[r] = value("end") + 0
	begin[r] = value("begin") + 0; last[r] = value("last") + 0
	session_of[r] = value("session"); timeout[r] = value("timeout") + 0
	fence[r] = value("fence"); ending[r] = value("ending") + 0
	starts[r] = value("starts") + 0
	how[r] = value("how"); code[r] = value("code") + 0
	told[r] = value("told") + 0; pid[r] = value("pid")
	disk[r] = value("disk") == "none" ? "" : value("disk")
	wait[r] = value("wait") + 0; max[r] = value("max") + 0
	interval[r] = kind[r] == "zkrun" ? value("interval") + 0 : -1
	runs_of[task[r] " " pid[r]] = runs_of[task[r] " " pid[r]] " " r
	next
}

$2 == "node" {
	i = ++nodes
	node_task[i] = value("task"); part[i] = value("part")
	session[i] = value("session"); node_name[i] = value("name")
	made[i] = value("made") + 0; gone[i] = value("gone") + 0
	node_pid[i] = value("pid"); by[i] = value("by")
	zxid[i] = value("zxid") + 0
	if (part[i] == "leases")
		lease_of[node_task[i] " " value("zxid")] = i
	next
}

# A stalled disk does not excuse a lost lock or lost contact.
$2 == "fault" && value("kind") == "stall" {
	stall[++stalls] = $1
	stalled_until[stalls] = $1 + value("ms") * 1000
}

$2 == "fault" {
	faults++
	harm[bursts] += value("kind") != "stall"
	count[value("kind")]++
	aimed[value("target")]++
	if (value("pid") != "")
		done_to[value("target") " " value("pid")] = \
		    done_to[value("target") " " value("pid")] " " value("kind")
	if (value("session") != "")
		expired[value("session")] = 1
	next
}

$2 == "burst" {
	burst[++bursts] = value("from") + 0
	calm[bursts] = 0
	next
}

$2 == "quiet" {
	from[++quiets] = value("from") + 0
	to[quiets] = value("to") + 0
	calm[bursts] = from[quiets]
	if (stalled_until[stalls] > from[quiets])
		stalled_until[stalls] = from[quiets]
	next
}

# The servers broke their own promise, so this round proves nothing.
$2 == "forgotten" {
	forgotten++
	next
}

$2 == "left" {
	broken("nothing left", $0, 0, "")
	next
}

# Somebody begins or ends waiting or working, in order of time.
$2 == "mark" {
	t = value("task")
	if (!first)
		first = $1
	if (!working[t] && waiting[t] && $1 - since[t] > idle[t]) {
		idle[t] = $1 - since[t]
		idle_at[t] = since[t]
	}
	was_idle = !working[t] && waiting[t]
	if (value("what") == "wait")
		waiting[t] += value("by")
	else
		working[t] += value("by")
	if (working[t] || !waiting[t] || !was_idle)
		since[t] = $1
	next
}

# Was there a fault that may explain it?  Faults of a burst have effects for
# some seconds more, because sessions have to expire.
function troubled(a, b,    i)
{
	for (i = 1; i <= bursts; i++)
		if (harm[i] && burst[i] <= b &&
		    (calm[i] == 0 || calm[i] + 8000000 >= a))
			return 1
	return 0
}

# Runs come in the order in which they began.  A task never has more runs than
# leases, and a later run has a greater fence.  Leases of a semaphore are
# created in parallel, so this says nothing about its fences.
function check_order(r,    t, i, alive, list, m, count)
{
	t = task[r]
	count = 0
	m = split(active[t], list, " ")
	for (i = 1; i <= m; i++)
		if (last[list[i]] >= begin[r]) {
			alive = alive " " list[i]
			count++
		} else if (fence[list[i]] + 0 > greatest[t] + 0)
			greatest[t] = fence[list[i]]
	if (count >= limit[t]) {
		split(alive, list, " ")
		broken("exclusion", name(r) " began while " \
		    name(list[1]) " lived, which it did for " \
		    seconds(last[list[1]] - begin[r]) " more", begin[r], t)
	}
	if (limit[t] == 1 && fence[r] + 0 <= greatest[t] + 0)
		broken("fence", name(r) " has " fence[r] ", and somebody " \
		    "before it had " greatest[t], begin[r], t)
	active[t] = alive " " r
	if (previous[t] != "" && previous[t] != who[r])
		handed[recipe[t]]++
	previous[t] = who[r]
	worked[recipe[t]]++
}

# The nemesis ended the session of a healthy zkrun, so its lease passed on
# before it could know.  The run must still end as early as without contact.
# For other runs it ends when the servers delete the lease, even if it has not
# begun by then.
function was_expired(r, i)
{
	if (!(session_of[r] in expired) || by[i] != "close" ||
	    last[r] <= gone[i])
		return 0
	if (last[r] > gone[i] + timeout[r] * 1000)
		broken("dead before takeover", name(r) " lived for " \
		    seconds(last[r] - gone[i]) " after its session was ended", \
		    gone[i], task[r])
	last[r] = gone[i]
	late[r] = begin[r] > gone[i]
	return 1
}

# Every run is dead before the servers' logs show its lease gone.
function check_lease(r,    i)
{
	i = lease_of[task[r] " " fence[r]]
	if (i == "") {
		broken("fence", name(r) " has " fence[r] ", which is no lease",
		    0, task[r])
		return
	}
	if (recipe[task[r]] == "mutex" && \
	    earliest_start(r) > begin[r] + 1500 + moved)
		broken("exclusion", name(r) " began " \
		    seconds(earliest_start(r) - begin[r]) \
		    " before the last node ahead of its own was gone",
		    begin[r], task[r])
	if (starts[r] > 1)
		broken("exclusion", name(r) " was started " starts[r] " times",
		    0, task[r])
	if (was_expired(r, i))
		return
	# The logs have whole milliseconds.
	if (gone[i] > 0 && last[r] > gone[i] + 1500 + moved)
		broken("dead before takeover", name(r) " lived for " \
		    seconds(last[r] - gone[i]) " without its lease (" \
		    by[i] ")", gone[i], task[r])
	if (how[r] == "exit" && last[r] > end[r])
		broken("held as long as the work lives", name(r) " lived " \
		    seconds(last[r] - end[r]) " longer than its zkrun", end[r],
		    task[r])
	if (code[r] == 76 && ending[r] == 0 && gone[i] > 0 &&
	    !(session_of[r] in expired) &&
	    done_to[who[r] " " pid[r]] !~ /kill/)
		early[++earlies] = gone[i] - last[r]
}

# Which run created a node?  Runs at other times may have had the same pid.
function run_of_node(i,    j, count, all)
{
	count = split(runs_of[node_task[i] " " node_pid[i]], all)
	for (j = 1; j <= count; j++)
		if (made[i] >= start[all[j]] - 2000 - moved &&
		    made[i] <= end[all[j]] + 2000 + moved)
			return all[j]
	return ""
}

# A run came when it was started, or a little later on a busy machine: when its
# first node of any session was created, at the latest.
function note_nodes(    i, r)
{
	for (i = 1; i <= nodes; i++) {
		r = run_of_node(i)
		if (r != "" && (!latest[r] || made[i] < latest[r]))
			latest[r] = made[i]
	}
}

# The latest slot of a run.  One that waited for an interval may count later.
function latest_slot(s)
{
	return interval[s] > 0 && begin[s] - start[s] >= interval[s] * 1000 ? \
	    begin[s] : latest[s]
}

# Did a run of this run's slot succeed, or may it have?
function has_success(r,    s)
{
	for (s = 1; s <= runs; s++)
		if (task[s] == task[r] && interval[s] >= 0 && begin[s] > 0 &&
		    ending[s] == 1000 && begin[s] <= end[r] && latest[s] &&
		    start[r] - latest_slot(s) < interval[r] * 1000 + 1000 + moved)
			return 1
	return 0
}

# Was there another contender, so that -n may say "taken"?
function was_taken(r,    i)
{
	for (i = 1; i <= nodes; i++)
		if (node_task[i] == task[r] && node_pid[i] != pid[r] &&
		    made[i] <= end[r] + 1000 &&
		    (gone[i] == 0 || gone[i] >= start[r] - 1000))
			return 1
	return 0
}

# What is wrong with an end by a signal, of zkrun itself or of its command?
function untrue_signal(r, did)
{
	if (code[r] == 9)
		return ending[r] == 2009 || did ~ /kill-guard|kill-command/ ? \
		    "" : "nobody killed it or its command"
	if (code[r] == 11)
		return ending[r] == 2011 ? "" : "the command did not"
	if (code[r] != 15 || !(told[r] || did ~ /end-guard/))
		return "nobody sent that"
	return ending[r] == 0 ? "" : "its command had ended in its own way"
}

# What is wrong with a try that says that its command did not run?
function untrue_refusal(r, did)
{
	if (code[r] == 70)
		return did ~ /kill-keeper/ ? "" : "its keeper was not killed"
	if (begin[r] > 0 && (code[r] == 75 || interval[r] < 0 ||
	    ending[r] != 1000))
		return "its command had been started"
	if (code[r] == 69)
		return troubled(start[r], end[r]) ? "" : "nothing had happened"
	if (wait[r] < 0)
		return "it did not have to give up"
	if (wait[r] > 0)
		return end[r] - start[r] >= wait[r] * 1000 - 20000 ? "" : \
		    "it did not wait for so long"
	return was_taken(r) ? "" : "nobody was there"
}

# A command may have waited for a processor for a while before it wrote its
# begin, but it did not start before there was a lease.  The node of a mutex
# becomes the lease when the last node before it is gone.
function earliest_start(r,    i, j, at)
{
	i = lease_of[task[r] " " fence[r]]
	if (i == "")
		return start[r]
	at = made[i]
	for (j = 1; recipe[task[r]] == "mutex" && j <= nodes; j++)
		if (node_task[j] == task[r] && zxid[j] < zxid[i] &&
		    gone[j] > at)
			at = gone[j]
	return at
}

# What is wrong with the exit status of a run?  "" if nothing.
function untrue(r,    did, c)
{
	did = done_to[who[r] " " pid[r]]
	c = code[r]
	if (how[r] == "signal")
		return untrue_signal(r, did)
	if (c == 69 || c == 70 || c == 75)
		return untrue_refusal(r, did)
	if (c == 0 && begin[r] == 0 && interval[r] >= 0)
		return has_success(r) ? "" : "no run was there to skip it for"
	if (c < 64)
		return ending[r] == 1000 + c ? "" : "the command did not say so"
	if (c == 71)
		return crowded ? "" : "the machine had processes left"
	if (c == 76)
		return troubled(start[r], end[r]) ? "" : "nothing had happened"
	if (c == 124)
		return max[r] >= 0 && end[r] - earliest_start(r) > \
		    max[r] * 1000 - 2000 ? "" : "the time was not over"
	return "there is no reason for it"
}

function check_status(r,    why)
{
	outcome[how[r] == "signal" ? "signal " code[r] : code[r]]++
	why = untrue(r)
	if (why != "")
		broken("true status", name(r) ": " how[r] " " code[r] ", but " \
		    why, end[r], task[r])
}

# A run came at least an interval after the last successful run.
function check_interval(r,    apart)
{
	if (interval[r] < 0 || !latest[r])
		return
	apart = latest[r] - success[task[r]]
	if (success[task[r]] && apart < interval[r] * 1000 - 500)
		broken("one run of a slot", name(r) " came " seconds(apart) \
		    " after a run that succeeded, with an interval of " \
		    seconds(interval[r] * 1000), begin[r], task[r])
	if (how[r] == "exit" && code[r] == 0)
		success[task[r]] = start[r]
}

# A zkrun has one queue node and one lease, and neither for long after its end.
# With a mutex, both are the same node.
function check_node(i,    key, r)
{
	if (gone[i] == 0)
		broken("no litter", node_task[i] " " part[i] " " \
		    node_name[i] " was never deleted", 0, node_task[i])
	if (node_pid[i] == "")
		return
	key = node_task[i] " " part[i] " " session[i]
	if ((key in node_until) && node_until[key] > made[i])
		broken("no litter", "session " session[i] " had two nodes " \
		    "in the " part[i] " of " node_task[i], made[i],
		    node_task[i])
	node_until[key] = gone[i] ? gone[i] : 9e15
	r = run_of_node(i)
	if (r != "" && gone[i] > end[r] + 3000000 &&
	    !troubled(end[r], gone[i]))
		broken("no litter", name(r) " left a node in " part[i] \
		    " for " seconds(gone[i] - end[r]), gone[i], task[r])
}

function check_progress(q,    t, r)
{
	for (t in limit) {
		for (r = 1; r <= runs; r++)
			if (kind[r] == "zkrun" && task[r] == t &&
			    begin[r] >= from[q] && begin[r] <= to[q])
				break
		if (r > runs)
			broken("progress", "nobody began " t " for " \
			    seconds(to[q] - from[q]) " without trouble", to[q],
			    t)
	}
}

function all_of(counts,    k, sum)
{
	for (k in counts)
		sum += counts[k]
	return sum + 0
}

END {
	note_nodes()
	for (r = 1; r <= runs; r++) {
		if (task[r] == "")
			task[r] = task_of[who[r]]
		tried[recipe[task[r]]]++
		if (begin[r] > 0) {
			if (kind[r] != "curator")
				check_lease(r)
			if (!late[r])
				check_order(r)
			check_interval(r)
		}
		if (kind[r] == "zkrun")
			check_status(r)
	}
	for (i = 1; i <= nodes; i++)
		check_node(i)
	for (q = 1; q <= quiets; q++)
		check_progress(q)
	if (all_of(worked) == 0 || quiets == 0)
		broken("progress", "nothing was tried", 0, "")
	print_figures()
	if (forgotten)
		print "The servers have forgotten what they had decided, " \
		    forgotten " times: this round proves nothing"
	exit forgotten ? 2 : violations > 0
}
