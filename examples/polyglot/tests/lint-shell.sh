#!/bin/sh
# Shell scripts parse, and say which shell they are for.
cd "$(dirname "$0")/.." || exit
status=0
for script in bin/lexi tests/*.sh; do
    sh -n "$script" || status=1
    if [ "$(head -n 1 "$script")" != "#!/bin/sh" ]; then
        echo "$script: the first line is not #!/bin/sh" >&2
        status=1
    fi
done
exit $status
