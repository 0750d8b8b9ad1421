import { formatTime } from "../../meta/index.ts";
import { type Environment, library } from "../library.ts";
import { celEquals } from "../values.ts";
import type { Register } from "./register.ts";

interface Optional {
  hasValue(): boolean;
  value(): unknown;
}

/** Conversions and comparisons of the language itself that the library lacks. */
export function registerConversions(environment: Environment, register: Register): void {
  const { Optional } = library();
  const timestamp = "google.protobuf.Timestamp";
  const duration = "google.protobuf.Duration";
  register("int(uint): int", (value: { valueOf(): bigint }) => value.valueOf());
  register(`int(${timestamp}): int`, (time: Date) => BigInt(Math.floor(time.getTime() / 1000)));
  register(`string(${timestamp}): string`, (time: Date) => timeText(time));
  register(`string(${duration}): string`, (value: { seconds: bigint; nanos: number }) => seconds(value));
  register("OptionalNamespace.ofNonZeroValue(A): optional<A>", (_: unknown, value: unknown) =>
    isZero(value) ? Optional.none() : Optional.of(value),
  );
  environment.registerOperator("optional<A> == optional<A>", (a: Optional, b: Optional) =>
    a.hasValue() && b.hasValue() ? celEquals(a.value(), b.value()) : a.hasValue() === b.hasValue(),
  );
  const compare = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b);
  environment.registerOperator("bytes < bytes", (a: Uint8Array, b: Uint8Array) => compare(a, b) < 0);
  environment.registerOperator("bytes <= bytes", (a: Uint8Array, b: Uint8Array) => compare(a, b) <= 0);
  environment.registerOperator("bytes > bytes", (a: Uint8Array, b: Uint8Array) => compare(a, b) > 0);
  environment.registerOperator("bytes >= bytes", (a: Uint8Array, b: Uint8Array) => compare(a, b) >= 0);
}

/** RFC 3339 with as many digits of the second as it has. */
function timeText(time: Date): string {
  const fraction = (time.getTime() - Math.floor(time.getTime() / 1000) * 1000) / 1000;
  const digits = fraction === 0 ? "" : String(fraction).slice(1);
  return formatTime(time.getTime()).replace("Z", `${digits}Z`);
}

/** Seconds with as many digits as they have, `5400s` or `1.5s`. */
function seconds(value: { seconds: bigint; nanos: number }): string {
  const nanos = value.seconds * 1_000_000_000n + BigInt(value.nanos);
  const size = nanos < 0n ? -nanos : nanos;
  const fraction = String(size % 1_000_000_000n)
    .padStart(9, "0")
    .replace(/0+$/, "");
  return `${nanos < 0n ? "-" : ""}${size / 1_000_000_000n}${fraction === "" ? "" : `.${fraction}`}s`;
}

function isZero(value: unknown): boolean {
  const { Duration, UnsignedInt } = library();
  if (value === null || value === false || value === 0 || value === 0n || value === "") return true;
  if (value instanceof Duration || value instanceof UnsignedInt) return Number(value) === 0;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  if (value instanceof Map) return value.size === 0;
  return typeof value === "object" && value.constructor === Object && Object.keys(value).length === 0;
}
