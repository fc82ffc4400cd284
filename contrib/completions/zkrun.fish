# Completion of zkrun for fish.
#
# The table of options is put in when it is installed, see options.awk; the ids
# of tasks come from the servers, if these answer within two seconds.

function __zkrun_table
    string split \n '
@OPTIONS@
' | string match '*|*'
end

# The options among the words before the cursor, one a line, and then what is
# behind them, each line with a > in front.
function __zkrun_words
    set -l words (commandline -opc)
    while set -e words[1]; and set -q words[1]
        switch $words[1]
            case --
                set -e words[1]
                printf '%s\n' '>' \>$words
                return
            # Not '-?*' for the options: in fish 4 a ? matches only itself.
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

# Is the value of this option, or bundle of options, the next word?
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
        # What says where the tasks are goes for the question, too.
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

# What can stand behind the options: a command, or tasks.
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
