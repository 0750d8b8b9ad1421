export declare function formatTime(ms: number): string;
export declare function formatMicroTime(ms: number): string;
/** Milliseconds since the epoch; throws an Error for what is not RFC 3339. */
export declare function parseTime(text: string): number;
export declare function isValidTime(text: string): boolean;
