import { type Command, Option } from "commander";
import { addComponentFlags } from "./options.ts";
import { addServingFlags } from "./serving-options.ts";
import type { Surroundings } from "./surroundings.ts";

/** `sampan scheduler` runs one, `sampan scheduler explain` asks why a pod is where it is. */
export function addSchedulerCommand(command: Command, around: Surroundings): void {
  addServingFlags(addComponentFlags(command, "optional"), 10_259)
    .description("run the scheduler against any Kubernetes")
    .option("--config <file>", "KubeSchedulerConfiguration; flags given here count more than what it says")
    .action(async (_, self: Command) => (await import("./scheduler.ts")).scheduler(self, around));

  command
    .command("explain")
    .description(
      "why a pod got its node, or none: who refuses it and by how much, and the scores of the nodes that fit",
    )
    .argument("<pod>", "pod/NAME")
    .option("-n, --namespace <name>", "namespace of the pod; the context's without this")
    .addOption(new Option("-o, --output <format>", "what is printed").choices(["table", "json"]).default("table"))
    .action(async (pod: string, _, self: Command) => (await import("./scheduler.ts")).explain(pod, self, around));
}
