import { compileDeviceSelector, selectsDevice } from "../../../api/cel/index.ts";
import type { DeviceSelector } from "../../../api/types/index.ts";
import type { PublishedDevice } from "./inventory.ts";

type Program = NonNullable<ReturnType<typeof compileDeviceSelector>["program"]>;

/** Few expressions are in use at once; a full cache is begun anew. */
const programsMax = 1000;
const programs = new Map<string, Program>();

/** Whether all selectors want the device. @throws when an expression cannot be compiled or evaluated. */
export function selectedBy(selectors: readonly DeviceSelector[], { device, driver }: PublishedDevice): boolean {
  return selectors.every(
    ({ cel }) => cel === undefined || selectsDevice(programOf(cel.expression), { ...device, driver }),
  );
}

function programOf(expression: string): Program {
  const known = programs.get(expression);
  if (known) return known;
  const { program, error } = compileDeviceSelector(expression);
  if (program === undefined) throw new Error(error);
  if (programs.size >= programsMax) programs.clear();
  programs.set(expression, program);
  return program;
}
