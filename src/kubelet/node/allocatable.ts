import { formatQuantity, parseQuantity, quantityOf } from "../../api/meta/index.ts";
import { heldBack, type Threshold } from "../eviction/index.ts";

/** What a node keeps for itself. */
export interface Reservations {
  /** Quantities by resource: `--kube-reserved` and `--system-reserved`. */
  readonly kubeReserved?: Readonly<Record<string, string>>;
  readonly systemReserved?: Readonly<Record<string, string>>;
  /** Below what hard thresholds of eviction want free nothing can be promised. */
  readonly thresholds?: readonly Threshold[];
}

/**
 * Node Allocatable: what pods may ask for. A node that would be left with nothing of a resource by the eviction thresholds
 * alone keeps all of it, rather than offering none.
 */
export function allocatableOf(
  capacity: Readonly<Record<string, string>>,
  { kubeReserved = {}, systemReserved = {}, thresholds = [] }: Reservations,
): Record<string, string> {
  const held = heldBack(thresholds, capacity);
  return Object.fromEntries(
    Object.entries(capacity).map(([name, text]) => {
      const total = parseQuantity(text);
      const reserved = [kubeReserved[name], systemReserved[name]].flatMap((amount) => amount ?? []);
      const forEviction = BigInt(Math.floor(held.get(name) ?? 0)) * nanosPerUnit;
      if (reserved.length === 0 && (forEviction === 0n || forEviction >= total.nano)) return [name, text];
      const taken = reserved.reduce((sum, amount) => sum + parseQuantity(amount).nano, forEviction);
      const nano = taken >= total.nano ? 0n : total.nano - taken;
      const format = name === "ephemeral-storage" ? "DecimalSI" : total.format;
      return [name, formatQuantity({ ...quantityOf(0, format), nano })];
    }),
  );
}

const nanosPerUnit = 1_000_000_000n;
