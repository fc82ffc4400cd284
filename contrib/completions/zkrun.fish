# Completion of zkrun for fish.
#
# make inserts the table of options, see options.awk.  The task names come from
# the servers, if these answer within two seconds.

function __zkrun_table
    string split \n '
@OPTIONS@
' | string match '*|*'
end

# Print the options before the cursor, one per line, then the words after the
# options, each with a leading >.
function __zkrun_words
    set -l words (commandline -opc)
    while set -e words[1]; and set -q words[1]
        switch $words[1]
            case --
                set -e words[1]
                printf '%s\n' '>' \>$words
                return
            # Do not use '-?*' for the options: in fish 4, ? matches only itself.
            case -
                printf '%s\n' '>' \>$words
                return
            case '-*'
                printf '%s\n' $words[1]
                if __zkrun_wants_value $words[1]; and set -q words[2]
                    set -e words[1]
                    printf '%s\n' $words[1]
                end
            case '*'
                printf '%s\n' '>' \>$words
                return
        end
    end
end

# Check whether this option, or bundle of options, takes the next word as value.
function __zkrun_wants_value -a word
    switch $word
        case '--*'
            contains -- $word $__zkrun_with_value
        case '*'
            set -l letters (string split '' (string sub -s 2 -- $word))
            for letter in $letters[1..-2]
                contains -- -$letter $__zkrun_with_value; and return 1
            end
            contains -- -$letters[-1] $__zkrun_with_value
    end
end

function __zkrun_at_options
    not string match -q -- '>*' (__zkrun_words)
end

function __zkrun_tasks
    set -l given
    set -l words (__zkrun_words | string match -v -- '>*')
    while set -q words[1]
        # -f of -vf FILE, -c of -cSERVERS, --connect of --connect=SERVERS
        set -l count 1
        set -l name (string replace -r -- '^(--[^=]*|-.).*' '$1' $words[1])
        if __zkrun_wants_value $words[1]
            set count 2
            set name (string replace -r -- '^-[^-].*(?=.$)' - $words[1])
        end
        # Options that say where the tasks are also apply to the query.
        if contains -- $name $__zkrun_where
            set -a given $words[1..$count]
        end
        set -e words[1..$count]
    end
    set -p given (commandline -opc)[1]
    timeout -k 1 2 (string replace -r '^~(?=/)' $HOME -- $given) \
        --connect-timeout 1s -r 0 --status 2>/dev/null </dev/null |
        sed -n '1d; /^$/q; /^[^ ]/s/  .*//p'
end

# Complete the words after the options: a command, or tasks.
function __zkrun_behind
    set -l words (__zkrun_words)
    set -l token (commandline -ct)
    if contains -- --check $words
        return
    else if string match -qr -- '^--(status|pause|resume|revoke|break|forget)$' $words
        __zkrun_tasks
    else if string match -q -- '>*' $words; or string match -qv -- '-*' "$token"
        set -l behind (string replace -rf -- '^>(?=.)' '' $words)
        complete "-C"(string join ' ' -- (string escape -- $behind) "$token")
    end
end

set -g __zkrun_with_value
set -g __zkrun_where
complete -c zkrun -f
complete -c zkrun -a '(__zkrun_behind)'
for line in (__zkrun_table)
    set -l field (string split '|' -- $line)
    set -l names -l $field[2]
    set -l forms --$field[2]
    if test -n "$field[1]"
        set -a names -s $field[1]
        set -a forms -$field[1]
    end
    if test "$field[3]" = '='
        set -ag __zkrun_with_value $forms
        set -a names -x
    end
    if contains -- $field[4] servers path file
        set -ag __zkrun_where $forms
    end
    switch $field[4]
        case task
            set -a names -a '(__zkrun_tasks)'
        case file
            set -a names -a '(__fish_complete_path (commandline -ct))'
        case command
            set -a names -a '(__fish_complete_command)'
        case '*'
            set -a names -a $field[5]
    end
    complete -c zkrun -n __zkrun_at_options -d $field[6] $names
end
