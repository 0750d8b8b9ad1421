import type { Command } from "commander";
import { integerIn, list } from "./values.ts";

/** Flags of a component's own HTTPS port: health and metrics. */
export function addServingFlags(command: Command, securePort: number): Command {
  const alwaysAllowed = ["/healthz", "/readyz", "/livez"];
  return command
    .option("--secure-port <port>", "HTTPS port of health and metrics; 0 serves none", integerIn(0, 65_535), securePort)
    .option(
      "--bind-address <address>",
      "address that the port listens on; 0.0.0.0 for other machines, too",
      "127.0.0.1",
    )
    .option("--tls-cert-file <file>", "PEM certificate of that port; without one it signs its own")
    .option("--tls-private-key-file <file>", "PEM key of that certificate")
    .option(
      "--authorization-always-allow-paths <paths>",
      "paths that anybody may ask for, separated by commas",
      list,
      alwaysAllowed,
    );
}
