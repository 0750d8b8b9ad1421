// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are shell scripts, whose variables look like that
import { expect, test } from "vitest";
import { type Running, runProgram, type ShellWorld } from "./index.ts";

/** Runs a script to its end, or until it would run for ever: what it printed, its exit code, how long it slept. */
function outcome(script: string, variables: Record<string, string> = {}) {
  let output = "";
  let errors = "";
  let listens = false;
  const world: ShellWorld = {
    files: new Map([["/present", "here\n"]]),
    variables: new Map(Object.entries(variables)),
    now: () => Date.parse("2026-11-23T10:20:30Z"),
    print: (text) => {
      output += text;
    },
    printError: (text) => {
      output += text;
      errors += text;
    },
    listens: () => {
      listens = true;
    },
    unknown: () => ({ afterMs: Number.POSITIVE_INFINITY, exitCode: 0 }),
    onTerm: () => {},
  };
  const running: Running = runProgram(["sh", "-c", script], world);
  let sleptMs = 0;
  for (;;) {
    const step = running.next();
    if (step.done) return { output, errors, listens, exitCode: step.value, sleptMs };
    if (!Number.isFinite(step.value)) return { output, errors, listens, exitCode: "runs" as const, sleptMs };
    sleptMs += step.value;
  }
}

test.each([
  ["exit 7", 7],
  ["true", 0],
  ["false", 1],
  ["false || true", 0],
  ["true && false", 1],
  ["false; echo on", 0],
  ["if [ -f /present ]; then exit 3; else exit 4; fi", 3],
  ["if [ -f /absent ]; then exit 3; elif test 1 -eq 1; then exit 5; fi", 5],
  ["! true", 1],
  ["(exit 2)", 2],
  ["until wget -qO- http://web; do echo waiting; sleep 1; done", 0],
  ["for x in a b; do echo $x; done; exit 9", 9],
  ["cat /absent", 1],
])("%s ends with %s", (script, code) => {
  expect(outcome(script).exitCode).toBe(code);
});

test.each([
  ["sleep infinity"],
  ["tail -f /dev/null"],
  ["exec nginx -g 'daemon off;'"],
  ["/app/server --port 80"],
  ["while true; do :; done"],
  ["nc -lk -p 8080"],
])("%s runs until it is stopped", (script) => {
  expect(outcome(script).exitCode).toBe("runs");
});

test("variables, quotes and files are the shell's", () => {
  expect(outcome(`echo "hello $NAME" '$NAME' \${NAME}`, { NAME: "you" }).output).toBe("hello you $NAME you\n");
  expect(outcome("echo one > /f; echo two >> /f; cat /f").output).toBe("one\ntwo\n");
  expect(outcome("echo lost > /dev/null; echo kept 2>&1").output).toBe("kept\n");
});

test("sleeping adds up", () => {
  expect(outcome("sleep 2; sleep 1.5; sleep 1m").sleptMs).toBe(63_500);
});

test("what serves a network is known to listen", () => {
  expect(outcome("nginx").listens).toBe(true);
  expect(outcome("sleep 1").listens).toBe(false);
});

test.each([
  ["echo $(echo a; echo b)", "a b\n"],
  ['echo "`echo a; echo b`"', "a\nb\n"],
  ["for i in $(seq 1 3); do echo $i; done", "1\n2\n3\n"],
  ["echo one two three | cut -d ' ' -f2", "two\n"],
  ["printf 'b\\na\\nb\\n' | sort | uniq -c | head -n 1", "      1 a\n"],
  ["echo $((2 + 3 * (4 - 1)))", "11\n"],
  ["i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i", "3\n"],
  ["echo ${A:-none} ${NAME:+some} ${#NAME}", "none some 3\n"],
  ["f=/a/b.txt; echo ${f##*/} ${f%.txt}", "b.txt /a/b\n"],
  ["case $NAME in x|you) echo yes ;; *) echo no ;; esac", "yes\n"],
  ["greet() { echo hello $1; return 3; }; greet you; echo $?", "hello you\n3\n"],
  ["cat <<END\nhello $NAME\nEND\n", "hello you\n"],
  ["cat <<'END' | grep -v l\nhello\n$NAME\nEND\n", "$NAME\n"],
  ["echo text > /f; read line < /f; echo got $line", "got text\n"],
  ["set -e; false; echo not reached", ""],
  ["set -e; if false; then :; fi; false || true; echo reached", "reached\n"],
  ["for i in 1 2 3; do [ $i = 2 ] && continue; [ $i = 3 ] && break; echo $i; done", "1\n"],
  ["(echo a; exit 3); echo $?", "a\n3\n"],
  ["sleep 1 & echo first; wait; echo last", "first\nlast\n"],
  ["echo a b c | xargs -n1 echo item", "item a\nitem b\nitem c\n"],
  ["echo lost 2>/dev/null >&2; echo kept", "kept\n"],
  ["date +%Y-%m-%dT%H:%M:%S", "2026-11-23T10:20:30\n"],
  ["date", "Mon Nov 23 10:20:30 UTC 2026\n"],
  ["sh -c 'echo $1 and $2' name a b", "a and b\n"],
  ["echo hello | sed s/l/L/g | tr a-z A-Z", "HELLO\n"],
  ["echo 'a b' | awk '{print $2}'", "b\n"],
  ["echo aGVsbG8K | base64 -d", "hello\n"],
  ["a=1 b=$a; echo $a$b", "11\n"],
  ["cat < /absent || echo none", "sh: can't open /absent: no such file\nnone\n"],
])("%j prints what a shell would", (script, printed) => {
  expect(outcome(script, { NAME: "you" }).output).toBe(printed);
});

test("what goes through a pipe line by line comes as time goes by", () => {
  expect(
    outcome("while true; do echo tick; sleep 10; if [ -f /x ]; then sleep infinity; fi; touch /x; done | tee /log"),
  ).toMatchObject({ output: "tick\ntick\n", sleptMs: 20_000, exitCode: "runs" });
});

test("errors and output go where they are sent", () => {
  const script = "echo out; echo err >&2; echo both 2>&1; { echo in; echo group >&2; } 2>/dev/null";
  expect(outcome(script)).toMatchObject({ output: "out\nerr\nboth\nin\n", errors: "err\n" });
});

test("a program that takes too long is stopped by timeout", () => {
  expect(outcome("timeout 5 sleep 60; echo $?")).toMatchObject({ output: "124\n", sleptMs: 5000 });
});

test("a function that calls itself without end is busy, and harms nobody", () => {
  expect(outcome("f() { f; }; f").exitCode).toBe("runs");
});

test.each(["select x in a; do :; done", "echo ${x@Q}", "echo 'open", "if true; then", "<(ls)"])(
  "%j is beyond what is understood: an opaque program",
  (script) => {
    expect(outcome(script).exitCode).toBe("runs");
  },
);

test("hexdump shows the bytes of a file", () => {
  expect(outcome("hexdump -C /present").output).toBe(
    `00000000  68 65 72 65 0a                                    |here.|\n00000005\n`,
  );
});

test("dd copies as many bytes as it is told to", () => {
  const { output } = outcome("dd if=/dev/zero of=/zeros bs=2 count=3 conv=fsync 2>/dev/null; hexdump -C /zeros");
  expect(output).toMatch(/^00000000 {2}00 00 00 00 00 00 .*\n00000006\n$/);
  expect(outcome("dd if=/absent of=/f").exitCode).toBe(1);
  expect(outcome("echo me | dd of=/f conv=fsync 2>/dev/null; cat /f").output).toBe("me\n");
});

test("find tells what is below a folder", () => {
  const made = "touch /a/b/one /a/two.txt;";
  expect(outcome(`${made} find /a`).output).toBe("/a\n/a/b\n/a/b/one\n/a/two.txt\n");
  expect(outcome(`${made} find /a -type f -name '*.txt'`).output).toBe("/a/two.txt\n");
});
