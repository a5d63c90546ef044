# The match begins with the closing quote, so the class is its third character.
match($0, /" [2-5][0-9][0-9] ([0-9]+|-)$/) {
    count[substr($0, RSTART + 2, 1)]++
    next
}

{
    bad++
}

END {
    for (class = 2; class <= 5; class++)
        printf "%dxx %d\n", class, count[class]
    printf "bad %d\n", bad
}
