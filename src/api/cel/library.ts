import { createRequire } from "node:module";
import type * as Cel from "@marcbachmann/cel-js";
import type * as Evaluator from "@marcbachmann/cel-js/evaluator";

export type { Environment, RegisteredFunctionHandler } from "@marcbachmann/cel-js";

interface Library extends Pick<typeof Cel, "Environment" | "Optional"> {
  readonly Duration: typeof Evaluator.Duration;
  readonly UnsignedInt: typeof Evaluator.UnsignedInt;
}

const loadPackage = createRequire(import.meta.url);
let loaded: Library | undefined;

/** The language itself: loaded when the first expression is met, and at once, because validation does not wait. */
export function library(): Library {
  loaded ??= load();
  return loaded;
}

function load(): Library {
  // The package's own declarations say what these are.
  const { Environment, Optional } = loadPackage("@marcbachmann/cel-js") as typeof Cel;
  const { Duration, UnsignedInt } = loadPackage("@marcbachmann/cel-js/evaluator") as typeof Evaluator;
  return { Environment, Optional, Duration, UnsignedInt };
}
