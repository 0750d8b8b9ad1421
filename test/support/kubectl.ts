import type { Ran, RunOptions, Sandbox } from "./sampan.ts";

type Args = readonly string[] | string;

/** Ways to run kubectl in a namespace of its own, by what is expected of it. */
export interface Kubectl {
  /** Expects that it succeeds; gives what it printed. */
  readonly k: (args: Args, input?: string) => Promise<string>;
  /** Expects that it fails; gives what it said about it. */
  readonly fails: (args: Args, input?: string) => Promise<string>;
  /** Takes whatever comes. */
  readonly run: (args: Args, options?: RunOptions) => Promise<Ran>;
}

/** Everything is done in the namespace, which is made first. */
export async function kubectlIn(box: Sandbox, namespace: string): Promise<Kubectl> {
  const list = (args: Args) => ["--namespace", namespace, ...(typeof args === "string" ? args.split(" ") : args)];
  const run = (args: Args, options: RunOptions = {}) => box.kubectl(list(args), options);
  const k = async (args: Args, input?: string) => {
    const ran = await run(args, { input });
    if (ran.code !== 0) throw new Error(`kubectl ${args} ended with ${ran.code}: ${ran.stderr}${ran.stdout}`);
    return ran.stdout;
  };
  const fails = async (args: Args, input?: string) => {
    const ran = await run(args, { input });
    if (ran.code === 0) throw new Error(`kubectl ${args} succeeded: ${ran.stdout}`);
    return ran.stderr;
  };
  await k(`create namespace ${namespace}`);
  return { k, fails, run };
}
