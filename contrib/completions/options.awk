# options.awk: the options of zkrun, for the completions, out of its manual.
# One a line, with | between:
#
#	letter		or nothing
#	name		the long one
#	value		= if it takes one, ? if that may be left out
#	kind		what the manual calls the value: file, task, path, ...
#	words		the values there are, where they are a fixed set
#	description	the first sentence
#
# The tests hold the manual to the program, so the completions do not go stale.

BEGIN {
	known["retries"] = "forever"
	known["facility"] = "auth authpriv cron daemon ftp lpr mail news " \
	    "syslog user uucp local0 local1 local2 local3 local4 local5 " \
	    "local6 local7"
	# Those that have a name on Linux, in the order of their numbers.
	known["signal"] = "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV " \
	    "USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG " \
	    "XCPU XFSZ VTALRM PROF WINCH POLL PWR SYS"
}

# The fields of a line, which may be a macro without its dot, as plain text.
function plain(    i, text, glue)
{
	for (i = 1; i <= NF; i++) {
		if ($i == "Ns")
			glue = ""
		else if ($i == "Fl")
			glue = glue "-"
		else if ($i !~ /^(Ar|Cm|Em|Ev|Op|Pa|Ql|Sx|Xr)$/) {
			text = text ($i ~ /^[.,:;]$/ ? "" : glue)
			text = text ($i == "Nm" ? "zkrun" : $i)
			glue = " "
		}
	}
	return text
}

function flush()
{
	if (name == "")
		return
	gsub(/\\[&]?/, "", text)
	# Shells quote with them; the description is for people.
	gsub(/'/, "\342\200\231", text)
	gsub(/[|]/, "/", text)
	sub(/^ /, "", text)
	sub(/([:;] .*|[.])$/, "", text)
	if (words == "")
		words = known[kind]
	print letter "|" name "|" value "|" kind "|" words "|" text
	name = ""
}

/^\.Sh/ {
	flush()
	on = $2 == "DESCRIPTION"
}
!on {
	next
}
# .It Fl o , Fl -orphans Cm wait | kill | leave
# .It Fl -syslog Ns Op = Ns Ar facility
/^\.It Fl/ {
	flush()
	letter = name = value = kind = words = text = ""
	for (i = 3; i <= NF; i++) {
		if ($(i - 1) == "Fl" && $i ~ /^-/)
			name = substr($i, 2)
		else if ($(i - 1) == "Fl")
			letter = $i
		else if ($(i - 1) == "Ar")
			kind = $i
		else if (kind == "word" && $i != "|")
			words = words (words == "" ? "" : " ") $i
		else if ($i == "Cm")
			kind = "word"
		if (kind != "" && value == "")
			value = $0 ~ / Op / ? "?" : "="
	}
	next
}
name != "" && /^\.(Pp|Bl|It|El|Bd|Ss)/ {
	flush()
}
name != "" {
	sub(/^\./, "")
	text = text " " plain()
	if (text ~ /[.]$/)
		flush()
}
