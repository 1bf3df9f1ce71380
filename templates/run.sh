#!/usr/bin/env bash
# Runs runner ($1) in a CI job: COMMAND on the PLAYBOOKS (between blanks), with the
# ARGUMENTS (one a line). Words are never read as more than words.
set -euo pipefail
runner=$1
case $COMMAND in play | validate) ;; *)
	echo "command is play or validate, not \"$COMMAND\"" >&2
	exit 1
	;;
esac
read -ra playbooks <<<"$PLAYBOOKS"
arguments=()
while IFS= read -r line; do
	[ -z "$line" ] || arguments+=("$line")
done <<<"${ARGUMENTS:-}"
if [ "$COMMAND" = play ] && [ "${SUMMARY:-}" = true ] && [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
	arguments+=(--report text "--report=markdown=$GITHUB_STEP_SUMMARY")
fi
exec "$runner" "$COMMAND" ${arguments[@]+"${arguments[@]}"} -- "${playbooks[@]}"
