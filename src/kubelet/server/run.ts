import type { ServerResponse } from "node:http";
import { containerPath, type Target } from "./paths.ts";
import { Refusal } from "./refusal.ts";
import { findPod, type ServedNode } from "./served-node.ts";

/** `/run/NAMESPACE/POD[/UID]/CONTAINER?cmd=`: runs a command to its end and gives what it printed. @throws Refusal */
export async function serveRun(node: ServedNode, target: Target, response: ServerResponse): Promise<void> {
  const path = containerPath(target.parts);
  if (path === undefined) throw new Refusal(404, "404 page not found\n");
  const served = findPod(node, path.namespace, path.pod);
  if (served === undefined || (path.uid !== undefined && served.pod.metadata.uid !== path.uid)) {
    throw new Refusal(404, "pod does not exist");
  }
  const id = served.containerId(path.container, false);
  if (id === undefined) throw new Refusal(500, `container not found ("${path.container}")`);
  const command = (target.query.get("cmd") ?? "").split(" ");
  const { stdout, stderr, exitCode } = await node.runtime.execSync(id, command, 0);
  if (exitCode !== 0) throw new Refusal(500, `command '${command.join(" ")}' exited with ${exitCode}: ${stderr}`);
  response.writeHead(200, { "content-type": "text/plain" }).end(stdout + stderr);
}
