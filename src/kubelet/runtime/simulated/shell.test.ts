import { expect, test } from "vitest";
import { type Running, runProgram, type ShellWorld } from "./shell.ts";

/** Runs a script to its end, or until it would run for ever: what it printed, its exit code, how long it slept. */
function outcome(script: string, variables: Record<string, string> = {}) {
  let output = "";
  let listens = false;
  const world: ShellWorld = {
    files: new Map([["/present", "here\n"]]),
    variables: new Map(Object.entries(variables)),
    print: (text) => {
      output += text;
    },
    printError: (text) => {
      output += text;
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
    if (step.done) return { output, listens, exitCode: step.value, sleptMs };
    if (!Number.isFinite(step.value)) return { output, listens, exitCode: "runs" as const, sleptMs };
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

test("a script beyond what is understood is an opaque program", () => {
  expect(outcome("x=$(date); case $x in *) ;; esac").exitCode).toBe("runs");
});
