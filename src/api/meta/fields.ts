export interface FieldTerm {
  readonly field: string;
  readonly operator: "=" | "==" | "!=";
  readonly value: string;
}
export interface FieldSelector {
  readonly terms: readonly FieldTerm[];
}
export declare const anyField: FieldSelector;
/** Throws an Error with the original message. */
export declare function parseFieldSelector(text: string): FieldSelector;
/** `fieldValue` gives "" for a field that is not set. */
export declare function matchesFields(selector: FieldSelector, fieldValue: (field: string) => string): boolean;
export declare function fieldSelectorString(selector: FieldSelector): string;
/** The value that the selector demands of a field with `=`, if it does. */
export declare function requiresExactMatch(selector: FieldSelector, field: string): string | undefined;
