#!/usr/bin/env bash
# Checks a running wallet service from outside, one line a check: is it there, and does money move as it must? Opens wallets of
# its own and closes them again, so it can be repeated on one database. Needs curl and jq; runs on the bash 3.2 of macOS.
# shellcheck disable=SC2016 # The $names in single quotes are jq's, not ours.
set -u

usage() {
  cat <<'HELP'
scripts/smoke.sh [-v] [--help]

Checks a running wallet service and prints one line for each check. Can be repeated on one database.

  -v, --verbose   show each request and its answer
  -h, --help      show this

Environment:
  BASE_URL        the service (http://localhost:8208)
  TOKEN           sent as "Authorization: Bearer", when set
  API_KEY         sent as "X-API-Key", when set
  WAIT_SECONDS    how long to wait until the service is ready (30)
  USER_ID, OTHER_USER_ID
                  users whom the account service knows, where the service asks it; neither may have an open CREDIT wallet

Exit code: 0 all is well; 1 a check failed, or the service is not ready; 2 wrong usage, or curl or jq is missing.
HELP
}

verbose=''
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help)
      usage
      exit 0
      ;;
    -v | --verbose) verbose=yes ;;
    *)
      printf 'smoke: there is no option %s; see --help\n' "$1" >&2
      exit 2
      ;;
  esac
  shift
done

base_url="${BASE_URL:-http://localhost:8208}"
base_url="${base_url%/}"
wait_seconds="${WAIT_SECONDS:-30}"
case "$wait_seconds" in
  '' | *[!0-9]*)
    printf 'smoke: WAIT_SECONDS must be a whole number of seconds, not %s\n' "$wait_seconds" >&2
    exit 2
    ;;
esac
for program in curl jq; do
  if ! command -v "$program" >/dev/null 2>&1; then
    printf 'smoke: %s is missing; install it first\n' "$program" >&2
    exit 2
  fi
done

# ── Asking and checking ──────────────────────────────────────────────────────────────────────────────────────────────────

work="$(mktemp -d "${TMPDIR:-/tmp}/wallet-smoke.XXXXXX")" || exit 2
passed=0
failed=0
frozen=''

finish() {
  # Whatever went wrong in between, no wallet stays frozen.
  [ -n "$frozen" ] && ask POST "/api/v1/wallets/$frozen/unfreeze" '{"reason":"Smoke test"}'
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# Credentials go through a file: arguments can be read by everybody on the machine.
quoted() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }
(
  umask 077
  : >"$work/credentials"
  [ -n "${TOKEN:-}" ] && printf 'header = "Authorization: Bearer %s"\n' "$(quoted "$TOKEN")" >>"$work/credentials"
  [ -n "${API_KEY:-}" ] && printf 'header = "X-API-Key: %s"\n' "$(quoted "$API_KEY")" >>"$work/credentials"
)

# ask METHOD PATH [BODY] [KEY]: sets `status` (000 when nothing answered), `answer`, and the file of headers.
ask() {
  local method="$1" path="$2" body="${3:-}" key="${4:-}"
  # Without the caller's own ~/.curlrc, which might follow, fail or print as it likes.
  set -- --disable --silent --show-error --config "$work/credentials" --connect-timeout 3 --max-time 15 \
    --request "$method" --dump-header "$work/headers" --output "$work/answer" --write-out '%{http_code}'
  [ -n "$body" ] && set -- "$@" --header 'Content-Type: application/json' --data-binary "$body"
  [ -n "$key" ] && set -- "$@" --header "Idempotency-Key: $key"
  : >"$work/headers"
  : >"$work/answer"
  status="$(curl "$@" "$base_url$path" 2>"$work/trouble")" || status=000
  answer="$(cat "$work/answer")"
  if [ -n "$verbose" ]; then
    printf '%s %s %s\n%s %.2000s%s\n' "$method" "$path" "$body" "$status" "$answer" "$(cat "$work/trouble")" | sed 's/^/       /'
  fi
}

# Members of the answer as text.
member() { printf '%s' "$answer" | jq -r "$1" 2>/dev/null; }

# A header of the answer; nothing when it is not there.
header() {
  tr -d '\r' <"$work/headers" | awk -v name="$1" '
    { at = index($0, ":") }
    at && tolower(substr($0, 1, at - 1)) == tolower(name) { value = substr($0, at + 1); sub(/^ +/, "", value); print value; exit }'
}

succeed() {
  passed=$((passed + 1))
  printf 'ok   %2d  %s\n' $((passed + failed)) "$1"
}

fail() {
  failed=$((failed + 1))
  printf 'FAIL %2d  %s: %s\n' $((passed + failed)) "$1" "$2"
}

# check NAME STATUS FILTER [VARIABLE VALUE]...: the last answer has this status, and the jq filter says true of it. Amounts are
# compared as text: jq before 1.7 reads every number into a double.
check() {
  local name="$1" wanted="$2" filter="$3"
  shift 3
  local count=$#
  while [ "$count" -gt 0 ]; do
    set -- "$@" --arg "$1" "$2"
    shift 2
    count=$((count - 2))
  done
  if [ "$status" = 000 ]; then
    fail "$name" "no answer: $(cat "$work/trouble")"
  elif [ "$status" != "$wanted" ]; then
    fail "$name" "status $status instead of $wanted: $(printf '%.300s' "$answer")"
  elif ! printf '%s' "$answer" | jq -e "$@" "$filter" >/dev/null 2>&1; then
    fail "$name" "not so: $filter in $(printf '%.600s' "$answer")"
  else
    succeed "$name"
  fi
}

# check_equal NAME ACTUAL EXPECTED
check_equal() {
  if [ "$2" = "$3" ]; then succeed "$1"; else fail "$1" "\"$2\" instead of \"$3\""; fi
}

# check_digits NAME MEMBER DIGITS: a JSON number stands in the answer with exactly these digits.
check_digits() {
  check_equal "$1" "$(printf '%s' "$answer" | sed -n "s/.*\"$2\":\\(-\\{0,1\\}[0-9.eE+]*\\).*/\\1/p")" "$3"
}

stop() {
  printf 'smoke: %s\n' "$1"
  printf 'smoke: %d checks, %d failed\n' $((passed + failed)) "$failed"
  exit 1
}

# ── Is it there? ─────────────────────────────────────────────────────────────────────────────────────────────────────────

printf 'smoke: %s\n' "$base_url"
deadline=$(($(date +%s) + 10#$wait_seconds))
ask GET /health/ready
while [ "$status" != 200 ] && [ "$(date +%s)" -lt "$deadline" ]; do
  sleep 1
  ask GET /health/ready
done
if [ "$status" = 000 ]; then
  stop "nothing answers at $base_url (waited $wait_seconds s): $(cat "$work/trouble")"
elif [ "$status" != 200 ]; then
  stop "the service is not ready (waited $wait_seconds s), /health/ready answers $status: $answer"
fi

check 'the service is ready, its schema is the newest' 200 '.status == "ready" and .migrations == "at_head"'
ask GET /health
check 'it is healthy' 200 '.status == "healthy" and .service == "wallet_service"'
ask GET /api/v1/nothing-here
check 'an unknown path is 404' 404 '.code == "route_not_found" and .success == false and .message == .detail'
ask PUT /api/v1/wallets
check 'a wrong method is 405' 405 '.code == "method_not_allowed"'
check_equal '405 says what is allowed' "$(header Allow)" POST

# ── Two wallets ──────────────────────────────────────────────────────────────────────────────────────────────────────────

run="$(date +%s)-$$-$RANDOM"
user_a="${USER_ID:-smoke-a-$run}"
user_b="${OTHER_USER_ID:-smoke-b-$run}"
in_path_a="$(jq -nr --arg user "$user_a" '$user | @uri')"
nobody=00000000-0000-7000-8000-000000000000
wallets=/api/v1/wallets

ask POST "$wallets" "$(jq -cn --arg user "$user_a" '{user_id: $user}')"
check 'a wallet is opened, empty' 200 '.success and .balance == "0" and .data.wallet.status == "active"'
a="$(member '.wallet_id // empty')"
if [ "$status" != 200 ] || [ -z "$a" ]; then
  [ "$(member .code)" = user_not_found ] && printf 'smoke: users are checked here: set USER_ID and OTHER_USER_ID\n'
  stop 'stopped: without a wallet nothing else can be checked'
fi
ask POST "$wallets" "$(jq -cn --arg user "$user_a" '{user_id: $user}')"
check 'a second fiat wallet is refused, naming the first' 400 '.code == "wallet_exists" and .wallet_id == $a' a "$a"
ask POST "$wallets" "$(jq -cn --arg user "$user_b" '{user_id: $user, initial_balance: "10"}')"
check 'another one is opened with 10' 200 '.balance == "10" and .wallet_id != $a' a "$a"
b="$(member '.wallet_id // empty')"
if [ "$status" != 200 ] || [ -z "$b" ]; then stop 'stopped: without a second wallet nothing else can be checked'; fi

# ── Money in, exactly ────────────────────────────────────────────────────────────────────────────────────────────────────

ask POST "$wallets/$a/deposit" '{"amount":"100"}'
check 'deposit 100 raises the balance' 200 \
  '.balance == "100" and (.data.transaction | .balance_before == "0" and .balance_after == "100" and .sequence == 1)'
deposit="$(member .transaction_id)"
ask POST "$wallets/$a/deposit" '{"amount":0.1}'
ask POST "$wallets/$a/deposit" '{"amount":0.2}'
check '0.1 and 0.2 are 0.3' 200 '.balance == "100.3"'
ask POST "$wallets/$a/deposit" '{"amount":12345678901234567.12345678}'
check 'a number of 25 digits keeps them all' 200 '.balance == "12345678901234667.42345678"'
ask POST "$wallets/$a/withdraw" '{"amount":"12345678901234567.12345678","destination":"smoke"}'
check 'withdraw takes them all out again' 200 '.balance == "100.3" and .data.transaction.metadata.destination == "smoke"'
ask POST "$wallets/$a/deposit" '{"amount":"-1","description":7}'
check 'faults are reported all at once' 422 \
  '.code == "validation_failed" and ([.errors[].loc | join(".")] | sort) == ["body.amount", "body.description"]'
ask POST "$wallets/$nobody/deposit" '{"amount":"1"}'
check 'an unknown wallet is 404' 404 '.code == "wallet_not_found"'
ask POST "$wallets/$a/deposit?dry_run=true" '{"amount":"1000"}'
check 'a dry run answers what would be' 200 '.balance == "1100.3"'
check_equal 'a dry run says that it is one' "$(header Dry-Run)" true
ask GET "$wallets/$a/balance"
check 'a dry run changes nothing' 200 '.balance == "100.3"'
check_digits 'the balance as a number has exact digits' available_balance 100.3

# ── Once, not twice ──────────────────────────────────────────────────────────────────────────────────────────────────────

ask POST "$wallets/$a/consume" '{"amount":"30.05","usage_record_id":812}' "smoke-$run"
check 'consume 30.05 lowers the balance' 200 '.balance == "70.25" and .data.transaction.usage_record_id == "812"'
check_digits 'what is left has exact digits' remaining_balance 70.25
consume="$(member .transaction_id)"
consumed_at="$(member .data.transaction.created_at)"
first="$answer"
ask POST "$wallets/$a/consume" '{"amount":"30.05","usage_record_id":812}' "smoke-$run"
check_equal 'the same key gets the first answer again' "$status $answer" "200 $first"
check_equal 'a replay says that it is one' "$(header Idempotency-Replayed)" true
ask POST "$wallets/$a/consume" '{"amount":"30.06","usage_record_id":812}' "smoke-$run"
check 'the key with another amount is refused' 422 '.code == "idempotency_key_reused" and .fields == ["amount"]'
ask POST "$wallets/$a/consume" '{"amount":"100"}'
check 'more than there is is refused, with what is missing' 400 \
  '.code == "insufficient_balance" and .available == "70.25" and .required == "100" and .shortfall == "29.75"'

# ── Back and across ──────────────────────────────────────────────────────────────────────────────────────────────────────

ask POST "/api/v1/transactions/$consume/refund" '{"reason":"Smoke test","amount":"10"}'
check 'part of it is refunded' 200 \
  '.balance == "80.25" and .data.transaction.metadata.original_transaction_id == $id' id "$consume"
ask POST "/api/v1/transactions/$consume/refund" '{"reason":"Smoke test","amount":"20.06"}'
check 'more than is left to refund is refused' 400 '.code == "refund_exceeds_original" and .refundable == "20.05"'
ask POST "/api/v1/transactions/$deposit/refund" '{"reason":"Smoke test"}'
check 'a deposit cannot be refunded' 400 '.code == "not_refundable"'
ask POST "$wallets/$a/transfer" "{\"to_wallet_id\":\"$b\",\"amount\":\"20.25\",\"fee\":\"1\"}"
check 'a transfer has two legs and its fee' 200 '.balance == "59"
  and (.data.from_transaction | .wallet_id == $a and .balance_before == "80.25" and .balance_after == "60")
  and (.data.to_transaction | .wallet_id == $b and .balance_before == "10" and .balance_after == "30.25")
  and .data.fee_transaction.amount == "1"' a "$a" b "$b"
ask GET "$wallets/$b/balance"
check 'what was transferred has arrived' 200 '.balance == "30.25"'
ask POST "$wallets/$a/transfer" "{\"to_wallet_id\":\"$a\",\"amount\":\"1\"}"
check 'a transfer to itself is refused' 400 '.code == "same_wallet"'

# ── Set aside ────────────────────────────────────────────────────────────────────────────────────────────────────────────

ask POST "$wallets/$a/holds" '{"amount":"20","expires_in_seconds":600}'
check 'a hold sets 20 aside' 201 '.balance == "59" and .data.hold.status == "pending"'
hold="$(member .data.hold.hold_id)"
ask GET "$wallets/$a"
check 'what is held is locked' 200 '.balance == "59" and .locked_balance == "20" and .available_balance == "39"'
ask POST "$wallets/$a/consume" '{"amount":"39.01"}'
check 'what is held cannot be spent' 400 '.code == "insufficient_balance" and .shortfall == "0.01"'
ask POST "/api/v1/holds/$hold/capture" '{"amount":"5","final":false}'
check 'part of the hold is captured' 200 \
  '.balance == "54" and (.data.hold | .status == "pending" and .captured_amount == "5" and .remaining_amount == "15")'
ask POST "/api/v1/holds/$hold/void"
check 'void frees the rest' 200 '.balance == "54" and .data.hold.status == "voided"'
ask POST "/api/v1/holds/$hold/capture"
check 'a hold ends once' 400 '.code == "hold_not_pending"'

# ── Looking back ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# 4 deposits, a withdrawal, a consumption, a refund, a leg and a fee, a capture.
rows=10
pages=0
sequences=''
cursor=''
while [ "$pages" -lt 9 ]; do
  ask GET "$wallets/$a/transactions?limit=4${cursor:+&cursor=$cursor}"
  [ "$status" = 200 ] || break
  pages=$((pages + 1))
  sequences="$sequences$(member '[.transactions[].sequence | tostring + " "] | add // ""')"
  cursor="$(member '.next_cursor // empty')"
  [ -n "$cursor" ] || break
done
check_equal 'the history has every row once, newest first, page by page' "$status, $pages pages: $sequences" \
  "200, 3 pages: 10 9 8 7 6 5 4 3 2 1 "
ask GET "$wallets/$a/balance?at=$consumed_at"
check 'the balance of an earlier instant' 200 '.balance == "70.25"'
ask GET "$wallets/$a/statistics"
check 'statistics are the totals of this run' 200 '.current_balance == "54" and .total_deposits == "12345678901234667.42345678"
  and .total_withdrawals == "12345678901234567.12345678" and .total_consumed == "35.05" and .total_refunded == "10"
  and .total_transfers_in == "0" and .total_transfers_out == "20.25" and .total_fees == "1"
  and (.transaction_count | tostring) == $rows' rows "$rows"
ask GET "/api/v1/users/$in_path_a/statistics"
check 'so are those of the user' 200 '.by_currency.CREDIT.total_balance == "54"'
ask GET "$wallets/$a/explain"
check 'the balance explains itself' 200 '.adds_up == true and .balance == "54" and .available_balance == "54"
  and .equations.balance == "0 + \(.total_in) - \(.total_out) = 54"'

# ── Callers of old, freezing, closing ────────────────────────────────────────────────────────────────────────────────────

ask GET "/api/v1/users/$in_path_a/credits/balance"
check 'the legacy balance finds the wallet' 200 '.wallet_id == $a and .balance == 54' a "$a"
ask POST "/api/v1/users/$in_path_a/credits/consume" '{"amount":4}'
check 'legacy credits are consumed' 200 '.wallet_id == $a and .balance == "50"' a "$a"
ask POST "$wallets/$a/freeze" '{"reason":"Smoke test"}'
check 'a wallet is frozen' 200 '.data.wallet.status == "frozen"'
[ "$status" = 200 ] && frozen="$a"
ask POST "$wallets/$a/deposit" '{"amount":"1"}'
check 'a frozen wallet takes no money' 400 '.code == "wallet_frozen"'
ask POST "$wallets/$a/unfreeze" '{"reason":"Smoke test"}'
check 'and is unfrozen' 200 '.data.wallet.status == "active"'
[ "$status" = 200 ] && frozen=''
ask DELETE "$wallets/$a"
check 'a wallet with money in it is not closed' 400 '.code == "wallet_not_empty" and .balance == "50"'
ask POST "$wallets/$a/withdraw" '{"amount":"50"}'
ask DELETE "$wallets/$a"
check 'an empty one is' 200 '.data.wallet.status == "closed" and .balance == "0"'
ask POST "$wallets/$b/withdraw" '{"amount":"30.25"}'
ask DELETE "$wallets/$b"
check 'and so is the other' 200 '.data.wallet.status == "closed" and .balance == "0"'

ask GET /metrics
if [ "$status" = 200 ]; then
  check_equal 'metrics are served' "$(grep -c '^# HELP http_requests_total' "$work/answer")" 1
elif [ "$status" = 404 ]; then
  printf -- '--       no metrics are served here\n'
else
  fail 'metrics are served' "status $status"
fi

printf 'smoke: %d checks, %d failed\n' $((passed + failed)) "$failed"
[ "$failed" -eq 0 ]
