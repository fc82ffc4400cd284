# options.awk: make the completions' table of options from the manual's parts,
# zkrun(1) and zkrun-status(1).  One option a line, with | between:
#
#	letter		or nothing
#	name		the long one
#	value		= if the option takes one, ? if its value is optional
#	kind		the manual's name for the value: file, task, path, ...
#	words		the possible values, if they are a fixed set
#	description	the first sentence
#
# Tests compare the manual, and thereby the completions, with the program.

BEGIN {
	known["retries"] = "forever"
	known["facility"] = "auth authpriv cron daemon ftp lpr mail news " \
	    "syslog user uucp local0 local1 local2 local3 local4 local5 " \
	    "local6 local7"
	# The signals that Linux names, in the order of their numbers.
	known["signal"] = "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV " \
	    "USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG " \
	    "XCPU XFSZ VTALRM PROF WINCH POLL PWR SYS"
}

# Return the fields of a line as plain text; a macro comes without its dot.
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
	# Shells quote with ', and | separates the fields.
	gsub(/'/, "\342\200\231", text)
	gsub(/[|]/, "/", text)
	sub(/^ /, "", text)
	sub(/([:;] .*|, see .*|[.])$/, "", text)
	if (words == "")
		words = known[kind]
	print letter "|" name "|" value "|" kind "|" words "|" text
	name = ""
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
name != "" && /^\.(Pp|Bl|It|El|Bd|Ss|Sh)/ {
	flush()
}
name != "" {
	sub(/^\./, "")
	text = text " " plain()
	if (text ~ /[.]$/)
		flush()
}
