export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";
/** An exact number: value = nano / 1e9, with the suffix family it is written in. Immutable. */
export interface Quantity {
  readonly nano: bigint;
  readonly format: QuantityFormat;
}
/** Throws an Error with the original message. Cached for repeated texts. */
export declare function parseQuantity(text: string | number): Quantity;
export declare function tryParseQuantity(text: string | number): Quantity | undefined;
export declare function quantityOf(value: number | bigint, format?: QuantityFormat): Quantity;
export declare function milliQuantity(milli: number | bigint, format?: QuantityFormat): Quantity;
export declare function formatQuantity(q: Quantity): string;
/** The canonical text of a text; throws as parseQuantity. */
export declare function canonicalQuantity(text: string | number): string;
export declare function compareQuantity(a: Quantity, b: Quantity): -1 | 0 | 1;
export declare function addQuantity(a: Quantity, b: Quantity): Quantity;
export declare function subQuantity(a: Quantity, b: Quantity): Quantity;
export declare function negateQuantity(a: Quantity): Quantity;
export declare function quantitySign(a: Quantity): -1 | 0 | 1;
/** Rounded up, as Value() and MilliValue(). */
export declare function toNumber(q: Quantity): number;
export declare function toMilli(q: Quantity): number;
/** The same straight from the text, cached: what scheduler and kubelet count with. */
export declare function quantityToNumber(text: string | number): number;
export declare function quantityToMilli(text: string | number): number;
export declare function toApproximateFloat(q: Quantity): number;
