import { Command, CommanderError } from "commander";
import { addControllerFlags } from "./controller-options.ts";
import { addKubeletFlags } from "./machine-options.ts";
import { addComponentFlags, addNodeFlags, addServerFlags } from "./options.ts";
import { addSchedulerCommand } from "./scheduler-command.ts";
import { addServingFlags } from "./serving-options.ts";
import { addStoreCommands } from "./store-commands.ts";
import type { Surroundings } from "./surroundings.ts";
import { kubernetesVersion, sampanVersion } from "./version.ts";

/** The command line: every command loads what it needs only when it runs, so that each starts fast. */
export function createProgram(around: Surroundings): Command {
  const program = new Command("sampan")
    .description(`A complete Kubernetes (${kubernetesVersion}) in one process.`)
    .helpCommand("help [command]", "how to use a command")
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => around.stdout.write(text),
      writeErr: (text) => around.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "sampan: ").replace(/\n+(?=.)/g, " ")),
    });

  addNodeFlags(addServerFlags(program.command("up")))
    .description("start a cluster: API server, controllers, scheduler and nodes, until SIGINT or SIGTERM")
    .action(async (_, self: Command) => (await import("./up.ts")).up(self, around));

  addServerFlags(program.command("apiserver"))
    .description("run the API server and its store alone, without controllers or nodes")
    .action(async (flags) => (await import("./up.ts")).apiserver(flags, around));

  addControllerFlags(addServingFlags(addComponentFlags(program.command("controller-manager")), 10_257))
    .description("run the controllers against any Kubernetes")
    .action(async (flags) => (await import("./components.ts")).controllerManager(flags, around));

  addSchedulerCommand(program.command("scheduler"), around);

  addStoreCommands(program.command("store"), around);

  addKubeletFlags(program.command("kubelet"))
    .description("run this machine as a node of any Kubernetes, with real containers")
    .action(async (_, self: Command) => (await import("./kubelet.ts")).kubelet(self, around));

  program
    .command("kubeconfig")
    .description("print the kubeconfig of a cluster that was started before")
    .option("--name <name>", "name of the cluster", "sampan")
    .option("--data-dir <dir>", "folder that holds the cluster")
    .action(async (flags) => (await import("./kubeconfig.ts")).printKubeconfig(flags, around));

  program
    .command("completion")
    .description("print a completion script; for bash: source <(sampan completion bash)")
    .argument("<shell>", "bash, zsh or fish")
    .action(async (shell: string) => (await import("./completion.ts")).printCompletion(program, shell, around));

  program
    .command("version")
    .description("print the versions")
    .option("-o, --output <format>", "text or json", "text")
    .action((flags: { output: string }) => {
      const versions = { sampan: sampanVersion(), kubernetes: kubernetesVersion };
      const text = `sampan ${versions.sampan}\nKubernetes ${versions.kubernetes}\n`;
      around.stdout.write(flags.output === "json" ? `${JSON.stringify(versions)}\n` : text);
    });

  // Options of commander are set per command, also for the ones added above.
  configureAll(program.commands, program);
  return program;
}

function configureAll(commands: readonly Command[], program: Command): void {
  for (const command of commands) {
    command.exitOverride().configureOutput(program.configureOutput());
    configureAll(command.commands, program);
  }
}

/** Runs one command line (without `node` and the script). Returns the exit code: 0, 1 for a failure, 2 for wrong usage. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const program = createProgram(around);
  if (args.length === 0) {
    program.outputHelp({ error: true });
    return usageExitCode;
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageExitCode;
    if (isExpected(error)) {
      around.stderr.write(`sampan: ${error.message}\n`);
      return 1;
    }
    throw error;
  }
}

const usageExitCode = 2;

/** Failures whose message says all; anything else is a defect of ours and shows its stack. */
function isExpected(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return expectedErrors.has(error.name) || ("code" in error && typeof error.code === "string" && "syscall" in error);
}

const expectedErrors = new Set([
  "ExplainError",
  "SchedulerConfigError",
  "AdmissionConfigError",
  "AuditPolicyError",
  "AuthenticationConfigError",
  "CommandError",
  "DataFolderError",
  "CgroupError",
  "UserNamespaceError",
  "RuntimeError",
  "EncryptionConfigError",
  "KubeconfigError",
  "StoreError",
  "ListenError",
  "PodRangeError",
  "RuntimeConfigError",
]);
