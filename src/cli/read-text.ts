import { readFileSync } from "node:fs";
import { CommandError } from "./surroundings.ts";

/** The text of a file that a flag names. @throws CommandError */
export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CommandError(`cannot read ${path}: ${error instanceof Error ? error.message : error}`);
  }
}
