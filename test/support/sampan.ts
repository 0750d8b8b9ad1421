// Runs the built command line as a user does, in its own process, with its own home folder.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { clientBinary } from "./binaries.ts";

const bin = fileURLToPath(new URL("../../bin/sampan.js", import.meta.url));

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Record<string, string>;
  readonly timeoutMs?: number;
}

/** Runs a program to its end; its exit code is an answer, not a failure. */
export function execute(file: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...options.env };
    const limits = { env, timeout: options.timeoutMs ?? 60_000, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(file, args, limits, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === "number" ? error.code : 255) : 0;
      resolve({ code, stdout, stderr });
    });
    child.stdin?.on("error", () => {}); // the program may end without reading its input
    child.stdin?.end(options.input ?? "");
  });
}

/** A folder of its own for one test file: home, kubeconfig and data are in it; remove() deletes it. */
export class Sandbox {
  readonly dir = mkdtempSync(join(tmpdir(), "sampan-e2e-"));
  readonly kubeconfig = join(this.dir, "kubeconfig");
  readonly #running = new Set<RunningCluster>();

  get env(): Record<string, string> {
    return {
      HOME: this.dir,
      XDG_DATA_HOME: join(this.dir, "data"),
      XDG_CACHE_HOME: join(this.dir, "cache"),
      XDG_CONFIG_HOME: join(this.dir, "config"),
      KUBECONFIG: this.kubeconfig,
    };
  }

  /** Runs a sampan command to its end. */
  sampan(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return execute(process.execPath, [bin, ...args], { ...options, env: { ...this.env, ...options.env } });
  }

  /** Runs kubectl against this sandbox's cluster. */
  kubectl(args: readonly string[] | string, options: RunOptions = {}): Promise<Ran> {
    const list = typeof args === "string" ? args.split(" ") : args;
    return execute(clientBinary("kubectl"), list, { ...options, env: { ...this.env, ...options.env } });
  }

  helm(args: readonly string[] | string, options: RunOptions = {}): Promise<Ran> {
    const list = typeof args === "string" ? args.split(" ") : args;
    return execute(clientBinary("helm"), list, { ...options, env: { ...this.env, ...options.env } });
  }

  /** Starts `sampan up` (or another serving command) and waits until it says that it is ready. */
  async start(args: readonly string[], command = "up"): Promise<RunningCluster> {
    const child = spawn(process.execPath, [bin, command, "--port", "0", "--output", "json", ...args], {
      env: { ...process.env, ...this.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const running = new RunningCluster(child, () => this.#running.delete(running));
    this.#running.add(running);
    await running.ready();
    return running;
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#running].map((cluster) => cluster.kill("SIGKILL")));
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export interface ReadyLine {
  readonly ready: boolean;
  readonly url: string;
  readonly kubeconfig: string;
  readonly pid: number;
  readonly ms: number;
}

/** A cluster in a child process. */
export class RunningCluster {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  #stdout = "";
  #stderr = "";
  #line: ReadyLine | undefined;

  constructor(child: ChildProcess, onExit: () => void) {
    this.#child = child;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.#exited = once(child, "exit").then(([code]) => {
      onExit();
      return code as number | null;
    });
  }

  /** What the ready line said. */
  get info(): ReadyLine {
    if (!this.#line) throw new Error("the cluster is not ready yet");
    return this.#line;
  }

  get stderr(): string {
    return this.#stderr;
  }

  async ready(): Promise<ReadyLine> {
    const out = this.#child.stdout;
    while (!this.#stdout.includes("\n")) {
      const ended = await Promise.race([
        this.#exited.then(() => true),
        out ? once(out, "data").then(() => false) : true,
      ]);
      if (ended && !this.#stdout.includes("\n")) throw new Error(`sampan ended before it was ready: ${this.#stderr}`);
    }
    this.#line = JSON.parse(this.#stdout.slice(0, this.#stdout.indexOf("\n"))) as ReadyLine;
    return this.#line;
  }

  /** Sends a signal and waits for the end; gives the exit code, null after SIGKILL. */
  async kill(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.#exited;
  }

  /** Ends it as Ctrl-C does. */
  stop(): Promise<number | null> {
    return this.kill("SIGINT");
  }
}
