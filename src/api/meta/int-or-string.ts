export type IntOrString = number | string;
/** A number as it is, "25%" of `total` rounded; throws an Error with the original message for anything else. */
export declare function scaledValue(value: IntOrString, total: number, roundUp: boolean): number;
export declare function intOrStringText(value: IntOrString): string;
