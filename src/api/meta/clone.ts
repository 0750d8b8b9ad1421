export declare function cloneJson<T>(value: T): T;
export declare function deepFreeze<T>(value: T): T;
