import { CommandError, type Surroundings } from "./surroundings.ts";
export function controllerManager(_flags: object, _around: Surroundings): void {
  throw new CommandError("x");
}
export function scheduler(_flags: object, _around: Surroundings): void {
  throw new CommandError("x");
}
