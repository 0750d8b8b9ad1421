import { canonicalQuantity, formatQuantity, parseQuantity, type Quantity } from "../meta/index.ts";

/** Amounts by the names that quotas use. */
export type Amounts = ReadonlyMap<string, Quantity>;

/** Reads `{ "cpu": "1" }`. */
export function asAmounts(texts: Readonly<Record<string, string>> | undefined): Map<string, Quantity> {
  return new Map(Object.entries(texts ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}

/** As the API shows an amount that it has calculated. */
export function quantityText(amount: Quantity): string {
  return canonicalQuantity(formatQuantity(amount));
}

/** `cpu=1,pods=2`, by name. */
export function amountsText(amounts: Iterable<readonly [string, string]>): string {
  return [...amounts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, text]) => `${name}=${text}`)
    .join(",");
}
