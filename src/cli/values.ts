import { InvalidArgumentError, Option } from "commander";
import { formatDuration, parseDuration } from "../api/meta/index.ts";

/** Milliseconds of a Go duration such as 15s. */
export function durationMs(text: string): number {
  let ms = 0;
  try {
    ms = parseDuration(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
  if (ms <= 0) throw new InvalidArgumentError("It must be longer than nothing.");
  return ms;
}

/** Parses an integer flag within bounds, both inclusive. */
export function integerIn(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^-?\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
    return value;
  };
}

/** Parses a number within bounds, both inclusive. */
export function numberFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
    return value;
  };
}

/** Parts between commas; an empty text is an empty list. */
export function list(text: string): readonly string[] {
  return text.split(",").filter((part) => part !== "");
}

/** A flag that takes a duration such as 15s; its help shows the default in that form. */
export function durationOption(flags: string, description: string, defaultMs: number): Option {
  return new Option(flags, description).argParser(durationMs).default(defaultMs, formatDuration(defaultMs));
}
