export declare class FieldPath {
  child(...names: string[]): FieldPath;
  index(index: number): FieldPath;
  key(key: string): FieldPath;
  toString(): string;
}
/** The path of a field, of a field below it, and so on: `root("spec").child("containers").index(0)`. */
export declare function root(name: string, ...more: string[]): FieldPath;
