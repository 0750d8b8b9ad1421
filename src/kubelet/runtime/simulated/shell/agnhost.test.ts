import { expect, test } from "vitest";
import { runProgram, type ShellWorld } from "./index.ts";

function outcome(...argv: string[]) {
  let output = "";
  let nowMs = Date.parse("2026-11-23T10:20:30Z");
  const startMs = nowMs;
  let listens = false;
  const print = (text: string): void => {
    output += text;
  };
  const world: ShellWorld = {
    files: new Map([["/present", "here"]]),
    variables: new Map(),
    now: () => nowMs,
    print,
    printError: print,
    listens: () => {
      listens = true;
    },
    unknown: () => ({ afterMs: 0, exitCode: 127 }),
    onTerm: () => {},
  };
  const running = runProgram(argv, world);
  for (;;) {
    const step = running.next();
    if (step.done) return { output, listens, exitCode: step.value, seconds: (nowMs - startMs) / 1000 };
    if (!Number.isFinite(step.value)) return { output, listens, exitCode: "runs" as const };
    nowMs += step.value;
  }
}

test("entrypoint-tester prints how it was called", () => {
  expect(outcome("/agnhost-2", "entrypoint-tester", "a", "b").output).toBe("[/agnhost-2 entrypoint-tester a b]\n");
});

test("pause waits and serves nothing; subcommands that serve listen", () => {
  expect(outcome("/agnhost")).toEqual({ output: "Paused\n", listens: false, exitCode: "runs" });
  expect(outcome("/agnhost", "netexec", "--http-port=80")).toEqual({ output: "", listens: true, exitCode: "runs" });
});

test("mounttest fails for a file that is not there", () => {
  expect(outcome("/agnhost", "mounttest", "--file_content=/absent")).toMatchObject({
    output: 'error reading file content for "/absent": open /absent: no such file or directory\n',
    exitCode: 1,
  });
});

test("mounttest reads a file again and again as long as it is told to", () => {
  const args = ["--break_on_expected_content=false", "--retry_time=6", "--file_content_in_loop=/present"];
  const { output, exitCode, seconds } = outcome("/agnhost", "mounttest", ...args);
  expect({ lines: output.split("\n").length - 1, exitCode, seconds }).toEqual({ lines: 3, exitCode: 0, seconds: 6 });
});

test("logs-generator prints its lines over its time", () => {
  const { output, seconds } = outcome("/agnhost", "logs-generator", "--log-lines-total", "10", "--run-duration", "5s");
  expect(output.trimEnd().split("\n")).toHaveLength(10);
  expect(output).toMatch(/ 3 GET \/api\/v1\/namespaces\/kube-system\/pods\/\w+ \d{3}\n/);
  expect(seconds).toBe(5);
});
