# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_mithril_global_optspecs
    string join \n config= color= q/quiet v/verbose h/help V/version
end

function __fish_mithril_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_mithril_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_mithril_using_subcommand
    set -l cmd (__fish_mithril_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c mithril -n "__fish_mithril_needs_command" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_needs_command" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_needs_command" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_needs_command" -s V -l version -d 'Print version'
complete -c mithril -n "__fish_mithril_needs_command" -f -a "validate" -d 'Check that exercises and pools can be loaded'
complete -c mithril -n "__fish_mithril_needs_command" -f -a "lint" -d 'Check exercises and pools by all rules, and fix what can be fixed'
complete -c mithril -n "__fish_mithril_needs_command" -f -a "rule" -d 'Explain a rule'
complete -c mithril -n "__fish_mithril_needs_command" -f -a "schema" -d 'Print the JSON Schema of a file, for editors, or of messages, for services and clients'
complete -c mithril -n "__fish_mithril_needs_command" -f -a "new" -d 'Make a pool or an exercise to begin from'
complete -c mithril -n "__fish_mithril_needs_command" -f -a "show" -d 'Show pools and exercises as they are served'
complete -c mithril -n "__fish_mithril_needs_command" -f -a "diff" -d 'Say what differs between two trees, or from a revision of git'
complete -c mithril -n "__fish_mithril_needs_command" -f -a "cache" -d 'Write the exercises to Redis, remove them, or say what is there'
complete -c mithril -n "__fish_mithril_needs_command" -f -a "serve" -d 'Run the daemon'
complete -c mithril -n "__fish_mithril_needs_command" -f -a "token" -d 'Mint a token, or say what is wrong with one'
complete -c mithril -n "__fish_mithril_needs_command" -f -a "tail" -d 'Follow what is published'
complete -c mithril -n "__fish_mithril_needs_command" -f -a "publish" -d 'Publish a message'
complete -c mithril -n "__fish_mithril_needs_command" -f -a "completions" -d 'Print a completion script'
complete -c mithril -n "__fish_mithril_needs_command" -f -a "man" -d 'Print the manual, or write all pages into a directory'
complete -c mithril -n "__fish_mithril_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mithril -n "__fish_mithril_using_subcommand validate" -l stdin-filename -d 'The file that standard input is to be taken for' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand validate" -l format -d 'How to print problems; with =FILE into a file, and several times for several' -r
complete -c mithril -n "__fish_mithril_using_subcommand validate" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand validate" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand validate" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand validate" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand validate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand lint" -l stdin-filename -d 'The file that standard input is to be taken for' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand lint" -l format -d 'How to print problems; with =FILE into a file, and several times for several' -r
complete -c mithril -n "__fish_mithril_using_subcommand lint" -l select -d 'The rules to report, codes or prefixes such as Y,T5 [default: lint.select]' -r
complete -c mithril -n "__fish_mithril_using_subcommand lint" -l ignore -d 'The rules not to report, codes or prefixes [default: lint.ignore]' -r
complete -c mithril -n "__fish_mithril_using_subcommand lint" -l fail-on -d 'The least severity that makes the exit status 1' -r -f -a "error\t'Errors'
warning\t'Warnings and errors'
info\t'Anything'"
complete -c mithril -n "__fish_mithril_using_subcommand lint" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand lint" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand lint" -l fix -d 'Apply fixes that are safe, and report what is left'
complete -c mithril -n "__fish_mithril_using_subcommand lint" -l unsafe-fixes -d 'Apply fixes that are a guess as well'
complete -c mithril -n "__fish_mithril_using_subcommand lint" -l diff -d 'Print what fixes would change and change nothing'
complete -c mithril -n "__fish_mithril_using_subcommand lint" -l watch -d 'Check again whenever something changes, until Ctrl-C; --format json prints a line each time'
complete -c mithril -n "__fish_mithril_using_subcommand lint" -l statistics -d 'Print how often each rule was broken, not where'
complete -c mithril -n "__fish_mithril_using_subcommand lint" -l exit-zero -d 'Exit with 0 whatever is found'
complete -c mithril -n "__fish_mithril_using_subcommand lint" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand lint" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand lint" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand rule" -l format -d 'How to print the list [default: table on a terminal, else tsv]' -r -f -a "table\t'For people'
json\t'JSON'
tsv\t'A line each, values between tabs'"
complete -c mithril -n "__fish_mithril_using_subcommand rule" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand rule" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand rule" -l all -d 'List all rules'
complete -c mithril -n "__fish_mithril_using_subcommand rule" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand rule" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand rule" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand schema" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand schema" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand schema" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand schema" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand new; and not __fish_seen_subcommand_from pool exercise help" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand new; and not __fish_seen_subcommand_from pool exercise help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand new; and not __fish_seen_subcommand_from pool exercise help" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand new; and not __fish_seen_subcommand_from pool exercise help" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand new; and not __fish_seen_subcommand_from pool exercise help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand new; and not __fish_seen_subcommand_from pool exercise help" -f -a "pool" -d 'Make a pool without exercises'
complete -c mithril -n "__fish_mithril_using_subcommand new; and not __fish_seen_subcommand_from pool exercise help" -f -a "exercise" -d 'Make an exercise with tests and a solution that passes them'
complete -c mithril -n "__fish_mithril_using_subcommand new; and not __fish_seen_subcommand_from pool exercise help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from pool" -l name -d 'What students see [default: made of the slug]' -r
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from pool" -l content-dir -d 'The tree of exercises [default: the content directory of the configuration]' -r
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from pool" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from pool" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from pool" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from pool" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from pool" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from exercise" -l type -d 'What is handed in' -r -f -a "code\t''
input\t''
qcm\t''
text\t''"
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from exercise" -l language -d 'The language of a program: c, cpp, rust, python, sh, awk [default: c]' -r
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from exercise" -l title -d 'What students see [default: made of the id]' -r
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from exercise" -l content-dir -d 'The tree of exercises [default: the content directory of the configuration]' -r
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from exercise" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from exercise" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from exercise" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from exercise" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from exercise" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from help" -f -a "pool" -d 'Make a pool without exercises'
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from help" -f -a "exercise" -d 'Make an exercise with tests and a solution that passes them'
complete -c mithril -n "__fish_mithril_using_subcommand new; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mithril -n "__fish_mithril_using_subcommand show" -l content-dir -d 'The tree of exercises [default: the content directory of the configuration]' -r
complete -c mithril -n "__fish_mithril_using_subcommand show" -l from -d 'Where to look: tree, or redis for what is cached there [default: tree]' -r -f -a "tree\t'The tree of exercises'
redis\t'Redis'"
complete -c mithril -n "__fish_mithril_using_subcommand show" -l format -d 'How to print it [default: table on a terminal, else tsv]' -r -f -a "table\t'For people'
json\t'JSON'
tsv\t'A line each, values between tabs'"
complete -c mithril -n "__fish_mithril_using_subcommand show" -l redis-url -d 'Where Redis is, such as redis://localhost:6379; nothing keeps everything in process [env: MITHRIL_REDIS_URL, REDIS_URL]' -r
complete -c mithril -n "__fish_mithril_using_subcommand show" -l redis-password-file -d 'The password of Redis; it beats the one in the URL [env: MITHRIL_REDIS_PASSWORD, REDIS_PASSWORD]' -r
complete -c mithril -n "__fish_mithril_using_subcommand show" -l redis-db -d 'The number of the database in Redis; it beats the one in the URL [env: MITHRIL_REDIS_DB, REDIS_DB]' -r
complete -c mithril -n "__fish_mithril_using_subcommand show" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand show" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand show" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand show" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand diff" -l git -d 'A revision of git that the content directory is compared with, such as HEAD~1' -r
complete -c mithril -n "__fish_mithril_using_subcommand diff" -l content-dir -d 'The tree of exercises [default: the content directory of the configuration]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand diff" -l format -d 'How to print it [default: table on a terminal, else tsv]' -r -f -a "table\t'For people'
json\t'JSON'
tsv\t'A line each, values between tabs'"
complete -c mithril -n "__fish_mithril_using_subcommand diff" -l redis-url -d 'Where Redis is, such as redis://localhost:6379; nothing keeps everything in process [env: MITHRIL_REDIS_URL, REDIS_URL]' -r
complete -c mithril -n "__fish_mithril_using_subcommand diff" -l redis-password-file -d 'The password of Redis; it beats the one in the URL [env: MITHRIL_REDIS_PASSWORD, REDIS_PASSWORD]' -r
complete -c mithril -n "__fish_mithril_using_subcommand diff" -l redis-db -d 'The number of the database in Redis; it beats the one in the URL [env: MITHRIL_REDIS_DB, REDIS_DB]' -r
complete -c mithril -n "__fish_mithril_using_subcommand diff" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand diff" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand diff" -l exit-code -d 'Exit with 1 if anything differs'
complete -c mithril -n "__fish_mithril_using_subcommand diff" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand diff" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and not __fish_seen_subcommand_from warm invalidate status help" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand cache; and not __fish_seen_subcommand_from warm invalidate status help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand cache; and not __fish_seen_subcommand_from warm invalidate status help" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and not __fish_seen_subcommand_from warm invalidate status help" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and not __fish_seen_subcommand_from warm invalidate status help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and not __fish_seen_subcommand_from warm invalidate status help" -f -a "warm" -d 'Write the exercises to Redis'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and not __fish_seen_subcommand_from warm invalidate status help" -f -a "invalidate" -d 'Remove exercises from Redis'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and not __fish_seen_subcommand_from warm invalidate status help" -f -a "status" -d 'Compare Redis with the exercises'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and not __fish_seen_subcommand_from warm invalidate status help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from warm" -l pool -d 'Write this pool alone; several times for several' -r
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from warm" -l ttl -d 'How long it stays: seconds, or 30s, 5m, 24h [default: cache.ttl]' -r
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from warm" -l content-dir -d 'The tree of exercises [default: the content directory of the configuration]' -r
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from warm" -l format -d 'How to print it [default: table on a terminal, else tsv]' -r -f -a "table\t'For people'
json\t'JSON'
tsv\t'A line each, values between tabs'"
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from warm" -l redis-url -d 'Where Redis is, such as redis://localhost:6379; nothing keeps everything in process [env: MITHRIL_REDIS_URL, REDIS_URL]' -r
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from warm" -l redis-password-file -d 'The password of Redis; it beats the one in the URL [env: MITHRIL_REDIS_PASSWORD, REDIS_PASSWORD]' -r
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from warm" -l redis-db -d 'The number of the database in Redis; it beats the one in the URL [env: MITHRIL_REDIS_DB, REDIS_DB]' -r
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from warm" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from warm" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from warm" -l prune -d 'Remove what the tree has nothing for'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from warm" -l dry-run -d 'Say what would be written, and write nothing'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from warm" -l keep-going -d 'Write what is sound, although other files have problems'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from warm" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from warm" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from warm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from invalidate" -l pool -d 'Remove this pool with its exercises; several times for several' -r
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from invalidate" -l exercise -d 'Remove this exercise; several times for several' -r
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from invalidate" -l format -d 'How to print it [default: table on a terminal, else tsv]' -r -f -a "table\t'For people'
json\t'JSON'
tsv\t'A line each, values between tabs'"
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from invalidate" -l redis-url -d 'Where Redis is, such as redis://localhost:6379; nothing keeps everything in process [env: MITHRIL_REDIS_URL, REDIS_URL]' -r
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from invalidate" -l redis-password-file -d 'The password of Redis; it beats the one in the URL [env: MITHRIL_REDIS_PASSWORD, REDIS_PASSWORD]' -r
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from invalidate" -l redis-db -d 'The number of the database in Redis; it beats the one in the URL [env: MITHRIL_REDIS_DB, REDIS_DB]' -r
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from invalidate" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from invalidate" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from invalidate" -l all -d 'Remove everything; asks first, on a terminal'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from invalidate" -l dry-run -d 'Say what would be removed, and remove nothing'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from invalidate" -s y -l yes -d 'Do not ask'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from invalidate" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from invalidate" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from invalidate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from status" -l content-dir -d 'The tree of exercises [default: the content directory of the configuration]' -r
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from status" -l format -d 'How to print it [default: table on a terminal, else tsv]' -r -f -a "table\t'For people'
json\t'JSON'
tsv\t'A line each, values between tabs'"
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from status" -l redis-url -d 'Where Redis is, such as redis://localhost:6379; nothing keeps everything in process [env: MITHRIL_REDIS_URL, REDIS_URL]' -r
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from status" -l redis-password-file -d 'The password of Redis; it beats the one in the URL [env: MITHRIL_REDIS_PASSWORD, REDIS_PASSWORD]' -r
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from status" -l redis-db -d 'The number of the database in Redis; it beats the one in the URL [env: MITHRIL_REDIS_DB, REDIS_DB]' -r
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from status" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from status" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "warm" -d 'Write the exercises to Redis'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "invalidate" -d 'Remove exercises from Redis'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "status" -d 'Compare Redis with the exercises'
complete -c mithril -n "__fish_mithril_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l role -d 'What the daemon does: all, or gateway, which has no content and answers from Redis [default: all] [env: MITHRIL_ROLE]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l server-listen -l listen -d 'Where to listen; port 0 takes a free one [default: 127.0.0.1:8080] [env: MITHRIL_SERVER_LISTEN, MITHRIL_LISTEN, WEBSOCKET_PORT]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l server-base-path -d 'What stands before the routes of sockets and the API [env: MITHRIL_SERVER_BASE_PATH, MITHRIL_BASE_PATH]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l server-trusted-proxies -d 'Networks of proxies whose X-Forwarded headers count, such as 10.0.0.0/8 [env: MITHRIL_SERVER_TRUSTED_PROXIES]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l server-metrics-listen -d 'Where to answer for /metrics alone; server.listen where it is not set [env: MITHRIL_SERVER_METRICS_LISTEN]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l server-drain -d 'How long closing all sockets may take; unless set, 500ms with --dev [default: 30s] [env: MITHRIL_SERVER_DRAIN, MITHRIL_DRAIN]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l auth-enabled -d 'Whether users prove who they are [default: true] [env: MITHRIL_AUTH_ENABLED, AUTH_ENABLED]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l auth-secret-file -d 'The key that tokens are signed with, of HS algorithms [env: MITHRIL_AUTH_SECRET, JWT_SECRET_KEY]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l auth-previous-secret-file -d 'The key before it, for rotation [env: MITHRIL_AUTH_PREVIOUS_SECRET]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l auth-allow-short-secret -d 'Whether the key may be shorter than 32 bytes [default: false] [env: MITHRIL_AUTH_ALLOW_SHORT_SECRET]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l auth-api-keys-file -d 'Keys of services that may publish to every topic, for the header X-API-Key; one a line [env: MITHRIL_AUTH_API_KEYS]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l auth-algorithm -d 'The algorithm of tokens: HS256, RS256, ES256, EdDSA and their kin [default: HS256] [env: MITHRIL_AUTH_ALGORITHM, JWT_ALGORITHM]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l auth-public-key -d 'The public key of RS, PS, ES and EdDSA algorithms: a PEM file [env: MITHRIL_AUTH_PUBLIC_KEY]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l auth-jwks -d 'The public keys of those algorithms: a JSON Web Key Set file [env: MITHRIL_AUTH_JWKS]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l auth-audience -d 'Who tokens must be for: one of these [env: MITHRIL_AUTH_AUDIENCE, JWT_AUDIENCE]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l auth-issuer -d 'Who tokens must be from [env: MITHRIL_AUTH_ISSUER, JWT_ISSUER]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l auth-user-claim -d 'The claim that names the user; sub, then user_id where it is not set [env: MITHRIL_AUTH_USER_CLAIM]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l auth-query-token -d 'Whether the query parameter token is read [default: true] [env: MITHRIL_AUTH_QUERY_TOKEN]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l auth-room-policy -d 'Who may enter rooms: open is any user, claim whom the token\'s claim rooms lets in [default: open] [env: MITHRIL_AUTH_ROOM_POLICY]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l auth-project-publish -d 'Whether clients may publish to projects [default: false] [env: MITHRIL_AUTH_PROJECT_PUBLISH]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l gateway-lobby -d 'Whether connections on /ws join a room of all [default: false] [env: MITHRIL_GATEWAY_LOBBY]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l history-size -d 'Messages of one topic that are kept [default: 1000] [env: MITHRIL_HISTORY_SIZE]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l history-ttl -d 'How long a message is kept [default: 24h] [env: MITHRIL_HISTORY_TTL]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l history-deliver-on-connect -d 'Whether users are sent what came while they had no connection [default: true] [env: MITHRIL_HISTORY_DELIVER_ON_CONNECT]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l history-trust-restart -d 'Whether a Redis that was restarted is taken to have kept all messages [default: false] [env: MITHRIL_HISTORY_TRUST_RESTART]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l cors-origins -d 'Other origins whose pages may open sockets; * is all [env: MITHRIL_CORS_ORIGINS, CORS_ORIGINS]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l limits-connections -d 'Sockets in all; by the limit of open files where it is not set [env: MITHRIL_LIMITS_CONNECTIONS]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l limits-connections-per-user -d 'Sockets of one user [default: 5] [env: MITHRIL_LIMITS_CONNECTIONS_PER_USER, WEBSOCKET_MAX_CONNECTIONS_PER_USER]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l limits-connects-per-address -d 'Connects a second from one address [default: 200] [env: MITHRIL_LIMITS_CONNECTS_PER_ADDRESS]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l limits-connects-burst -d 'Connects at once from one address [default: 2000] [env: MITHRIL_LIMITS_CONNECTS_BURST]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l limits-frames-per-second -d 'Frames a second on one connection [default: 10] [env: MITHRIL_LIMITS_FRAMES_PER_SECOND]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l limits-frames-burst -d 'Frames at once on one connection [default: 20] [env: MITHRIL_LIMITS_FRAMES_BURST]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l limits-message-size -d 'The largest message from a client [default: 65536] [env: MITHRIL_LIMITS_MESSAGE_SIZE]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l limits-topics-per-connection -d 'Topics of one connection [default: 128] [env: MITHRIL_LIMITS_TOPICS_PER_CONNECTION]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l limits-payload -d 'The largest message from the broker [default: 262144] [env: MITHRIL_LIMITS_PAYLOAD]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l limits-request-timeout -d 'How long a broker or a service may take to answer [default: 5s] [env: MITHRIL_LIMITS_REQUEST_TIMEOUT]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l limits-queue-frames -d 'Frames that may wait to be sent on one connection [default: 256] [env: MITHRIL_LIMITS_QUEUE_FRAMES]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l limits-queue-bytes -d 'Bytes that may wait to be sent on one connection [default: 1048576] [env: MITHRIL_LIMITS_QUEUE_BYTES]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l limits-write-timeout -d 'How long a client may take to accept what is written [default: 10s] [env: MITHRIL_LIMITS_WRITE_TIMEOUT]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l limits-ping-interval -d 'How often a client is asked whether it is there [default: 25s] [env: MITHRIL_LIMITS_PING_INTERVAL]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l limits-pong-timeout -d 'How long a client may take to answer that [default: 10s] [env: MITHRIL_LIMITS_PONG_TIMEOUT]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l limits-auth-timeout -d 'How long a client may take to say who it is [default: 10s] [env: MITHRIL_LIMITS_AUTH_TIMEOUT]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l limits-idle -d 'How long nothing may be said either way; 0 is for ever [default: 300s] [env: MITHRIL_LIMITS_IDLE, WEBSOCKET_IDLE_TIMEOUT]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l content-dir -d 'The tree of exercises [default: exercises] [env: MITHRIL_CONTENT_DIR, MITHRIL_EXERCISES_DIR]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l content-watch -d 'How changes in it are noticed: auto, inotify, poll, off [default: auto] [env: MITHRIL_CONTENT_WATCH, MITHRIL_WATCH]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l redis-url -d 'Where Redis is, such as redis://localhost:6379; nothing keeps everything in process [env: MITHRIL_REDIS_URL, REDIS_URL]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l redis-password-file -d 'The password of Redis; it beats the one in the URL [env: MITHRIL_REDIS_PASSWORD, REDIS_PASSWORD]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l redis-db -d 'The number of the database in Redis; it beats the one in the URL [env: MITHRIL_REDIS_DB, REDIS_DB]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l cache-ttl -d 'How long pools and exercises stay in Redis [default: 3600s] [env: MITHRIL_CACHE_TTL, CACHE_TTL]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l cache-pools-ttl -d 'How long the list of pools stays in Redis [default: 1800s] [env: MITHRIL_CACHE_POOLS_TTL]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l log-level -d 'What to log: error, warn, info, debug, trace [default: info] [env: MITHRIL_LOG_LEVEL, LOG_LEVEL]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l log-format -d 'How to log: text or json; text on a terminal [env: MITHRIL_LOG_FORMAT, LOG_FORMAT]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l lint-select -d 'The rules to report, codes or prefixes [env: MITHRIL_LINT_SELECT]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l lint-ignore -d 'The rules not to report, codes or prefixes [env: MITHRIL_LINT_IGNORE]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l lint-score-total -d 'The points that the stages of an exercise make together [default: 100] [env: MITHRIL_LINT_SCORE_TOTAL]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l lint-max-timeout -d 'The most seconds that a build or a test may take [default: 60] [env: MITHRIL_LINT_MAX_TIMEOUT]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l lint-grader-deadline -d 'The most seconds that the build and all tests of an exercise may take together [default: 120] [env: MITHRIL_LINT_GRADER_DEADLINE]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l lint-programs -d 'Programs that commands may run, besides the usual ones [env: MITHRIL_LINT_PROGRAMS]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l lint-allow-files -d 'Files that may stand beside an exercise, as .gitignore writes them [env: MITHRIL_LINT_ALLOW_FILES]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l lint-max-file-size -d 'The most bytes of a file [default: 262144] [env: MITHRIL_LINT_MAX_FILE_SIZE]' -r
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l dev -d 'Everything in process on a loopback address, with a key made for this run; prints a URL and a token'
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l allow-degraded -d 'Serve also if no pool can be loaded'
complete -c mithril -n "__fish_mithril_using_subcommand serve" -l insecure -d 'Let everyone in, with auth.enabled = false, also on an address that others can reach'
complete -c mithril -n "__fish_mithril_using_subcommand serve" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand serve" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand token; and not __fish_seen_subcommand_from mint inspect help" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand token; and not __fish_seen_subcommand_from mint inspect help" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand token; and not __fish_seen_subcommand_from mint inspect help" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand token; and not __fish_seen_subcommand_from mint inspect help" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand token; and not __fish_seen_subcommand_from mint inspect help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand token; and not __fish_seen_subcommand_from mint inspect help" -f -a "mint" -d 'Print a token for a user, signed with the configured key'
complete -c mithril -n "__fish_mithril_using_subcommand token; and not __fish_seen_subcommand_from mint inspect help" -f -a "inspect" -d 'Say what a token claims, and what of it is refused and why'
complete -c mithril -n "__fish_mithril_using_subcommand token; and not __fish_seen_subcommand_from mint inspect help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from mint" -l ttl -d 'How long the token lasts: seconds, or 30s, 5m, 24h' -r
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from mint" -l room -d 'A room that the token grants, or project:NAME; several times for several' -r
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from mint" -l topic -d 'A pattern of topics that the token grants, such as exercise.*.progress' -r
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from mint" -l scope -d 'A scope that the token grants: publish, publish:PATTERN such as publish:ws:*, or admin' -r
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from mint" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from mint" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from mint" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from mint" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from mint" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from inspect" -l format -d 'How to print it [default: table on a terminal, else tsv]' -r -f -a "table\t'For people'
json\t'JSON'
tsv\t'A line each, values between tabs'"
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from inspect" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from inspect" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from inspect" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from inspect" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "mint" -d 'Print a token for a user, signed with the configured key'
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "inspect" -d 'Say what a token claims, and what of it is refused and why'
complete -c mithril -n "__fish_mithril_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mithril -n "__fish_mithril_using_subcommand tail" -l url -d 'Follow through the gateway at this URL, such as ws://127.0.0.1:8080, instead of Redis' -r -f
complete -c mithril -n "__fish_mithril_using_subcommand tail" -l token -d 'The token for the gateway; safer in the variable or a file, where `ps` does not show it [env: MITHRIL_TOKEN]' -r
complete -c mithril -n "__fish_mithril_using_subcommand tail" -l token-file -d 'A file with the token for the gateway; it is read again when the token has expired' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand tail" -l format -d 'How to print messages [default: human on a terminal, else json]' -r -f -a "human\t'Time, channel, event and data on one line'
json\t'A JSON object a line'
raw\t'What was published, byte for byte'
template\t'As --template says'"
complete -c mithril -n "__fish_mithril_using_subcommand tail" -l template -d 'What to print of a message: text with {time}, {channel}, {event}, {data}, {data.NAME}, {text}, {durable}' -r
complete -c mithril -n "__fish_mithril_using_subcommand tail" -l last -d 'Begin with so many messages of each topic\'s history' -r
complete -c mithril -n "__fish_mithril_using_subcommand tail" -l since -d 'Begin with the history since then: seconds, or 30s, 10m, 24h' -r
complete -c mithril -n "__fish_mithril_using_subcommand tail" -l grep -d 'Show only messages in which this regular expression is found; of several, one is enough' -r
complete -c mithril -n "__fish_mithril_using_subcommand tail" -l exclude -d 'Don\'t show messages in which this regular expression is found' -r
complete -c mithril -n "__fish_mithril_using_subcommand tail" -l event -d 'Show only this event, or a pattern such as \'task.*\'; several times for several' -r
complete -c mithril -n "__fish_mithril_using_subcommand tail" -s n -l count -d 'Stop after so many messages' -r
complete -c mithril -n "__fish_mithril_using_subcommand tail" -l for -d 'Stop after this long: seconds, or 30s, 5m, 24h' -r
complete -c mithril -n "__fish_mithril_using_subcommand tail" -l redis-url -d 'Where Redis is, such as redis://localhost:6379; nothing keeps everything in process [env: MITHRIL_REDIS_URL, REDIS_URL]' -r
complete -c mithril -n "__fish_mithril_using_subcommand tail" -l redis-password-file -d 'The password of Redis; it beats the one in the URL [env: MITHRIL_REDIS_PASSWORD, REDIS_PASSWORD]' -r
complete -c mithril -n "__fish_mithril_using_subcommand tail" -l redis-db -d 'The number of the database in Redis; it beats the one in the URL [env: MITHRIL_REDIS_DB, REDIS_DB]' -r
complete -c mithril -n "__fish_mithril_using_subcommand tail" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand tail" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand tail" -l no-reconnect -d 'Exit with 1 when the connection is lost, instead of coming back'
complete -c mithril -n "__fish_mithril_using_subcommand tail" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand tail" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand tail" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand publish" -l event -d 'What happened: the event of a notification, the type of a room\'s or a project\'s message' -r
complete -c mithril -n "__fish_mithril_using_subcommand publish" -l data -d 'The message: JSON, @FILE, or - for standard input' -r
complete -c mithril -n "__fish_mithril_using_subcommand publish" -l url -d 'Publish through the HTTP API at this URL, such as http://127.0.0.1:8080, instead of Redis' -r -f
complete -c mithril -n "__fish_mithril_using_subcommand publish" -l token -d 'The token for the API; safer in the variable or a file, where `ps` does not show it [env: MITHRIL_TOKEN]' -r
complete -c mithril -n "__fish_mithril_using_subcommand publish" -l token-file -d 'A file with the token for the API' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand publish" -l api-key-file -d 'A file with an API key, which is sent instead of a token [env: MITHRIL_API_KEY, the key itself]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand publish" -l idempotency-key -d 'Publish only once what has this key within 5 minutes' -r
complete -c mithril -n "__fish_mithril_using_subcommand publish" -l format -d 'How to print what became of it [default: table on a terminal, else tsv]' -r -f -a "table\t'For people'
json\t'JSON'
tsv\t'A line each, values between tabs'"
complete -c mithril -n "__fish_mithril_using_subcommand publish" -l redis-url -d 'Where Redis is, such as redis://localhost:6379; nothing keeps everything in process [env: MITHRIL_REDIS_URL, REDIS_URL]' -r
complete -c mithril -n "__fish_mithril_using_subcommand publish" -l redis-password-file -d 'The password of Redis; it beats the one in the URL [env: MITHRIL_REDIS_PASSWORD, REDIS_PASSWORD]' -r
complete -c mithril -n "__fish_mithril_using_subcommand publish" -l redis-db -d 'The number of the database in Redis; it beats the one in the URL [env: MITHRIL_REDIS_DB, REDIS_DB]' -r
complete -c mithril -n "__fish_mithril_using_subcommand publish" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand publish" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand publish" -l ephemeral -d 'Record it nowhere, so that whoever is not listening now does not get it: plain PUBLISH on Redis'
complete -c mithril -n "__fish_mithril_using_subcommand publish" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand publish" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand publish" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand completions" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand completions" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand completions" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand man" -l out -d 'The directory for one page a command' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand man" -l config -d 'The configuration file [default: ./mithril.toml, then the user\'s, then /etc/mithril]' -r -F
complete -c mithril -n "__fish_mithril_using_subcommand man" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c mithril -n "__fish_mithril_using_subcommand man" -s q -l quiet -d 'Print results alone, no summary and no progress'
complete -c mithril -n "__fish_mithril_using_subcommand man" -s v -l verbose -d 'Log more; twice for everything'
complete -c mithril -n "__fish_mithril_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mithril -n "__fish_mithril_using_subcommand help; and not __fish_seen_subcommand_from validate lint rule schema new show diff cache serve token tail publish completions man help" -f -a "validate" -d 'Check that exercises and pools can be loaded'
complete -c mithril -n "__fish_mithril_using_subcommand help; and not __fish_seen_subcommand_from validate lint rule schema new show diff cache serve token tail publish completions man help" -f -a "lint" -d 'Check exercises and pools by all rules, and fix what can be fixed'
complete -c mithril -n "__fish_mithril_using_subcommand help; and not __fish_seen_subcommand_from validate lint rule schema new show diff cache serve token tail publish completions man help" -f -a "rule" -d 'Explain a rule'
complete -c mithril -n "__fish_mithril_using_subcommand help; and not __fish_seen_subcommand_from validate lint rule schema new show diff cache serve token tail publish completions man help" -f -a "schema" -d 'Print the JSON Schema of a file, for editors, or of messages, for services and clients'
complete -c mithril -n "__fish_mithril_using_subcommand help; and not __fish_seen_subcommand_from validate lint rule schema new show diff cache serve token tail publish completions man help" -f -a "new" -d 'Make a pool or an exercise to begin from'
complete -c mithril -n "__fish_mithril_using_subcommand help; and not __fish_seen_subcommand_from validate lint rule schema new show diff cache serve token tail publish completions man help" -f -a "show" -d 'Show pools and exercises as they are served'
complete -c mithril -n "__fish_mithril_using_subcommand help; and not __fish_seen_subcommand_from validate lint rule schema new show diff cache serve token tail publish completions man help" -f -a "diff" -d 'Say what differs between two trees, or from a revision of git'
complete -c mithril -n "__fish_mithril_using_subcommand help; and not __fish_seen_subcommand_from validate lint rule schema new show diff cache serve token tail publish completions man help" -f -a "cache" -d 'Write the exercises to Redis, remove them, or say what is there'
complete -c mithril -n "__fish_mithril_using_subcommand help; and not __fish_seen_subcommand_from validate lint rule schema new show diff cache serve token tail publish completions man help" -f -a "serve" -d 'Run the daemon'
complete -c mithril -n "__fish_mithril_using_subcommand help; and not __fish_seen_subcommand_from validate lint rule schema new show diff cache serve token tail publish completions man help" -f -a "token" -d 'Mint a token, or say what is wrong with one'
complete -c mithril -n "__fish_mithril_using_subcommand help; and not __fish_seen_subcommand_from validate lint rule schema new show diff cache serve token tail publish completions man help" -f -a "tail" -d 'Follow what is published'
complete -c mithril -n "__fish_mithril_using_subcommand help; and not __fish_seen_subcommand_from validate lint rule schema new show diff cache serve token tail publish completions man help" -f -a "publish" -d 'Publish a message'
complete -c mithril -n "__fish_mithril_using_subcommand help; and not __fish_seen_subcommand_from validate lint rule schema new show diff cache serve token tail publish completions man help" -f -a "completions" -d 'Print a completion script'
complete -c mithril -n "__fish_mithril_using_subcommand help; and not __fish_seen_subcommand_from validate lint rule schema new show diff cache serve token tail publish completions man help" -f -a "man" -d 'Print the manual, or write all pages into a directory'
complete -c mithril -n "__fish_mithril_using_subcommand help; and not __fish_seen_subcommand_from validate lint rule schema new show diff cache serve token tail publish completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mithril -n "__fish_mithril_using_subcommand help; and __fish_seen_subcommand_from new" -f -a "pool" -d 'Make a pool without exercises'
complete -c mithril -n "__fish_mithril_using_subcommand help; and __fish_seen_subcommand_from new" -f -a "exercise" -d 'Make an exercise with tests and a solution that passes them'
complete -c mithril -n "__fish_mithril_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "warm" -d 'Write the exercises to Redis'
complete -c mithril -n "__fish_mithril_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "invalidate" -d 'Remove exercises from Redis'
complete -c mithril -n "__fish_mithril_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "status" -d 'Compare Redis with the exercises'
complete -c mithril -n "__fish_mithril_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "mint" -d 'Print a token for a user, signed with the configured key'
complete -c mithril -n "__fish_mithril_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "inspect" -d 'Say what a token claims, and what of it is refused and why'
