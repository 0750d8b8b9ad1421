export declare function deepEqual(a: unknown, b: unknown): boolean;
/** As deepEqual, but an absent, null or empty array/object/undefined are one (equality.Semantic). */
export declare function semanticEqual(a: unknown, b: unknown): boolean;
