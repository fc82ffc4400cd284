#!/usr/bin/perl
#
# messages.pl: compare zkrun-messages(7) with the code.
#
#	messages.pl PAGE SOURCE ...
#
# Print each message of the sources that has no entry on the page, and each entry
# that the sources cannot print.  Verbose messages need no entry.
#
# An entry is a line '.It "TEXT"', where words in capitals stand for values, or a
# line '.It Ql "TEXT"' for a reason inside a message.

use strict;
use warnings;

# The functions that print a message for the user.
my $prints = qr/\b(?:log_error|log_notice|log_answer|help_refuse)/;
my $string = qr/"(?:[^"\\]|\\.)*"/;
my $conversion = qr/%[-#0 +]*[0-9.*]*(?:ll|[lzjh])?[a-zA-Z]/;
# TASK, N, Ns, M:SS, USER@HOST, BASE/TASK, -124
my $value = qr/\b[A-Z]+(?:[@:\/][A-Z]+)*s?\b|-?\b[0-9]+\b/;

my (@formats, @strings, $pieces);

# join_strings TEXT: the text of adjacent C strings.
sub join_strings
{
	my ($text) = @_;

	$text =~ s/"\s*(?:PRI[a-z]+(?:MAX|[0-9]+))\s*"/d/g;
	$text =~ s/"\s*"//g;
	$text =~ s/^"|"$//g;
	$text =~ s/\\(.)/$1/g;
	return $text;
}

# read_source TEXT: add its messages to @formats, all its strings to @strings, and
# their fixed parts to $pieces.
sub read_source
{
	my ($text) = @_;

	$text =~ s{/\*.*?\*/}{}gs;
	push @formats, join_strings($1)
	    while $text =~ /$prints\(\s*($string(?:\s*(?:PRI\w+\s*)?$string)*)/g;
	while ($text =~ /($string(?:\s*(?:PRI\w+\s*)?$string)*)/g) {
		push @strings, join_strings($1);
		$pieces .= "$_\n" for split $conversion, $strings[-1];
	}
}

# in_sources TEXT: whether the words between two values or punctuation marks are
# part of a string each.
sub in_sources
{
	my ($text) = @_;

	for my $part (split /$value|[.,;:'"()]+(?:\s|$)|(?<=\s)['"(-]+/, $text) {
		$part =~ s/^[\s.,;:'"()-]+|[\s.,;:'"()-]+$//g;
		return 0 if index($pieces, $part) < 0;
	}
	return 1;
}

# prints FORMAT ENTRY: whether this format can print the entry's message.
sub prints
{
	my ($format, $entry) = @_;
	my @fixed = map { quotemeta } split $conversion, $format, -1;
	my $pattern = join '(.*?)', @fixed;
	my @values = $entry =~ /^$pattern$/;

	return 0 if !@values;
	return @fixed == 1 || !grep { !in_sources($_) } @values;
}

my ($page, @sources) = @ARGV;
for my $name (@sources, $page) {
	local $/;
	open my $file, '<', $name or die "$name: $!\n";
	$_ = <$file>;
	read_source($_) if $name ne $page;
}
my @lines = split /\n/;
s/\\&//g, s/\\-/-/g for @lines;
my @entries = map { /^\.It "(.*)"$/ ? $1 : () } @lines;
my @reasons = map { /^\.It Ql "(.*)"$/ ? $1 : () } @lines;

# Skip formats without words, which print a text from another function, and the
# hint of help_refuse(), which the page describes once.
for my $format (@formats) {
	print "no entry: $format\n" if $format =~ /[a-z]{2}/ &&
	    $format !~ /^%s%stry / && !grep { prints($format, $_) } @entries;
}
for my $entry (@entries) {
	print "not in the sources: $entry\n"
	    if !grep { prints($_, $entry) } @formats;
}
for my $reason (@reasons) {
	print "not in the sources: $reason\n"
	    if !grep { prints($_, $reason) } @strings;
}
