import { type Command, Option } from "commander";
import type { Surroundings } from "./surroundings.ts";
import { integerIn } from "./values.ts";

/** Flags that say which cluster's store is meant. */
export interface PlaceFlags {
  readonly name: string;
  readonly dataDir?: string;
}

export interface OutputFlags {
  readonly output: "text" | "json";
}

/** `sampan store …`: the embedded store of a cluster, without its API server. */
export function addStoreCommands(store: Command, around: Surroundings): void {
  store.description("look after the embedded store of a cluster: check, back up, restore");

  withOutput(store.command("check"))
    .description("read all of a store that is not in use and tell what is damaged; ends with 1 when something is")
    .argument("<dir>", "data folder of a cluster, or the store in it")
    .option("--encryption-provider-config <file>", "to read what is encrypted too")
    .action(async (dir: string, flags) => (await import("./store.ts")).check(dir, flags, around));

  const snapshot = store.command("snapshot").description("back up a cluster's objects, also while it runs");
  withOutput(withPlace(snapshot.command("save")))
    .description("write all objects, as they are at one moment, into a file")
    .argument("<file>", "file to write; one that exists is replaced")
    .action(async (file: string, flags) => (await import("./store.ts")).save(file, flags, around));

  withOutput(withPlace(snapshot.command("restore")))
    .description("make a new store of a snapshot; the data folder must not have one")
    .argument("<file>", "a snapshot")
    .option(
      "--bump-revision <n>",
      "how far the revision goes beyond the snapshot's, so that watches from before are told to list again",
      integerIn(1, 999_999_999),
    )
    .action(async (file: string, flags) => (await import("./store.ts")).restore(file, flags, around));

  withOutput(snapshot.command("status"))
    .description("read all of a snapshot and tell what it holds")
    .argument("<file>", "a snapshot")
    .action(async (file: string, flags) => (await import("./store.ts")).status(file, flags, around));
}

function withPlace(command: Command): Command {
  return command
    .option("--name <name>", "name of the cluster", "sampan")
    .option("--data-dir <dir>", "folder that holds the cluster");
}

function withOutput(command: Command): Command {
  return command.addOption(
    new Option("-o, --output <format>", "what is printed").choices(["text", "json"]).default("text"),
  );
}
