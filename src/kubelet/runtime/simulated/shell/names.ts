import { builtins } from "./builtins.ts";
import { textPrograms } from "./filters.ts";
import { programs } from "./programs.ts";

const shells = ["sh", "bash", "ash", "dash", "zsh"];
const servers = ["nginx", "httpd", "redis-server", "postgres", "mysqld", "node_exporter", "pause"];
/** Programs that do something which the simulation has no need to show, and succeed. */
const quiet = "cd mkdir rmdir chmod chown ln sync umask kill ulimit mount umount sysctl stty clear".split(" ");
/** Clients of a network: in the simulation who is asked answers. */
const clients = ["wget", "curl", "nc", "nslookup", "ping", "dig", "host"];
/** The program of the image of Kubernetes' own tests, under its two names. */
const agnhosts = ["agnhost", "agnhost-2"];

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function isShell(argv: readonly string[]): boolean {
  return shells.includes(baseName(argv[0] ?? ""));
}

/** A shell without a script. */
export function isInteractiveShell(argv: readonly string[]): boolean {
  return isShell(argv) && argv.slice(1).every((arg) => /^-[il]+$/.test(arg));
}

/** Whether the simulation knows what the program does. */
export function isKnownProgram(argv: readonly string[]): boolean {
  const name = baseName(argv[0] ?? "");
  const own = Object.hasOwn(builtins, name) || Object.hasOwn(programs, name) || Object.hasOwn(textPrograms, name);
  return own || isQuiet(name) || isClient(name) || isServer(name) || isAgnhost(name);
}

export function isAgnhost(name: string): boolean {
  return agnhosts.includes(name);
}

export function isQuiet(name: string): boolean {
  return quiet.includes(name);
}

export function isClient(name: string): boolean {
  return clients.includes(name);
}

export function isServer(name: string): boolean {
  return servers.includes(name);
}
