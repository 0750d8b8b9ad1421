import { typeText } from "./compile-error.ts";
import { DeviceValue, deviceEnvironment } from "./environment.ts";
import { quantityValue } from "./extensions/index.ts";
import { type Compilation, compileIn, ExpressionError, type Program } from "./program.ts";

/** A device as a ResourceSlice describes it: attributes and capacities by their names, which may leave out the driver's domain. */
export interface Device {
  readonly driver: string;
  readonly attributes?: Readonly<Record<string, DeviceAttribute>>;
  readonly capacity?: Readonly<Record<string, { readonly value: string }>>;
  readonly allowMultipleAllocations?: boolean;
}

export interface DeviceAttribute {
  readonly int?: number;
  readonly bool?: boolean;
  readonly string?: string;
  readonly version?: string;
}

export function compileDeviceSelector(expression: string): Compilation {
  return compileIn(deviceEnvironment(), expression, boolOrUnknown);
}

function boolOrUnknown(type: string): string | undefined {
  if (type === "bool" || type.startsWith("dyn")) return undefined;
  return `must evaluate to bool or the unknown type, not ${typeText(type)}`;
}

/** Whether a selector wants the device. @throws ExpressionError */
export function selectsDevice(program: Program, device: Device): boolean {
  const attributes = byDomain(device.driver, device.attributes ?? {}, attributeValue);
  const capacity = byDomain(device.driver, device.capacity ?? {}, ({ value }) => quantityValue(value));
  const value = new DeviceValue(device.driver, attributes, capacity, device.allowMultipleAllocations ?? false);
  const result = program.evaluate({ device: value });
  if (typeof result !== "boolean") throw new ExpressionError("CEL result of type bool expected");
  return result;
}

function attributeValue({ int, bool, string, version }: DeviceAttribute): unknown {
  if (int !== undefined) return BigInt(int);
  return bool ?? string ?? version ?? null;
}

/** `device.attributes["example.org"].model`; a domain that has none is empty, not missing. */
function byDomain<T>(driver: string, all: Readonly<Record<string, T>>, convert: (value: T) => unknown): object {
  const domains = new Map<string, Map<string, unknown>>();
  for (const [name, value] of Object.entries(all)) {
    const slash = name.indexOf("/");
    const domain = slash < 0 ? driver : name.slice(0, slash);
    const members = domains.get(domain) ?? new Map<string, unknown>();
    members.set(name.slice(slash + 1), convert(value));
    domains.set(domain, members);
  }
  const none = new Map<string, unknown>();
  const stored = Map.prototype.get.bind(domains);
  Object.defineProperty(domains, "get", { value: (domain: string) => stored(domain) ?? none });
  return domains;
}
