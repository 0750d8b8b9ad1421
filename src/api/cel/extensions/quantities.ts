import {
  addQuantity,
  compareQuantity,
  parseQuantity,
  type Quantity,
  quantityOf,
  quantitySign,
  subQuantity,
  toApproximateFloat,
  tryParseQuantity,
} from "../../meta/index.ts";
import type { Environment } from "../library.ts";
import { type Register, registerClass } from "./register.ts";

/** An amount like `1500m` or `2Gi`. */
export class QuantityValue {
  readonly amount: Quantity;

  constructor(amount: Quantity) {
    this.amount = amount;
  }
}

/** What a device's capacity is for expressions. */
export function quantityValue(text: string): QuantityValue {
  return new QuantityValue(parseQuantity(text));
}

const type = "kubernetes.Quantity";

export function registerQuantities(environment: Environment, register: Register): void {
  registerClass(environment, type, QuantityValue);
  register("isQuantity(string): bool", (text: string) => tryParseQuantity(text) !== undefined);
  register(`quantity(string): ${type}`, parse);
  register(`${type}.isInteger(): bool`, (q: QuantityValue) => isInteger(q));
  register(`${type}.asInteger(): int`, asInteger);
  register(`${type}.asApproximateFloat(): double`, (q: QuantityValue) => toApproximateFloat(q.amount));
  register(`sign(${type}): int`, (q: QuantityValue) => BigInt(quantitySign(q.amount)));
  const compare = (a: QuantityValue, b: QuantityValue) => compareQuantity(a.amount, b.amount);
  register(`${type}.compareTo(${type}): int`, (a: QuantityValue, b: QuantityValue) => BigInt(compare(a, b)));
  register(`${type}.isLessThan(${type}): bool`, (a: QuantityValue, b: QuantityValue) => compare(a, b) < 0);
  register(`${type}.isGreaterThan(${type}): bool`, (a: QuantityValue, b: QuantityValue) => compare(a, b) > 0);
  environment.registerOperator(`${type} == ${type}`, (a: QuantityValue, b: QuantityValue) => compare(a, b) === 0);
  const whole = (n: bigint) => quantityOf(n);
  register(`${type}.add(${type}): ${type}`, (a: QuantityValue, b: QuantityValue) => sum(a, b.amount));
  register(`${type}.add(int): ${type}`, (a: QuantityValue, b: bigint) => sum(a, whole(b)));
  register(`${type}.sub(${type}): ${type}`, (a: QuantityValue, b: QuantityValue) => difference(a, b.amount));
  register(`${type}.sub(int): ${type}`, (a: QuantityValue, b: bigint) => difference(a, whole(b)));
}

function sum(a: QuantityValue, b: Quantity): QuantityValue {
  return new QuantityValue(addQuantity(a.amount, b));
}

function difference(a: QuantityValue, b: Quantity): QuantityValue {
  return new QuantityValue(subQuantity(a.amount, b));
}

function parse(text: string): QuantityValue {
  const amount = tryParseQuantity(text);
  if (amount === undefined) {
    throw new Error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  }
  return new QuantityValue(amount);
}

const nanoPerUnit = 1_000_000_000n;

/** Whether it is whole and fits into 64 bits. */
function isInteger({ amount }: QuantityValue): boolean {
  const units = amount.nano / nanoPerUnit;
  return units * nanoPerUnit === amount.nano && BigInt.asIntN(64, units) === units;
}

function asInteger(q: QuantityValue): bigint {
  if (!isInteger(q)) throw new Error("cannot convert value to integer");
  return q.amount.nano / nanoPerUnit;
}
